// Finds actions in a video's features: ONNX Runtime runs the model, lpat finds the segments.
//
//   detect MODEL.onnx FEATURES.npy
//
// prints a line for each, best first: class, score, start and end in seconds.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include <lpat/segments.hpp>
#include <onnxruntime_cxx_api.h>

struct Features {
  std::vector<float> values;
  std::size_t snippets, dimension;
};

// What numpy.save wrote of a float32 array (T, D); anything else is refused.
Features read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<unsigned char, 10> start{};  // "\x93NUMPY", version 1.0, the header's length
  file.read(reinterpret_cast<char*>(start.data()), start.size());
  std::string header(start[8] + 256U * start[9], '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const std::regex plain(R"(.*'<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\).*\n)");
  std::smatch shape;
  if (start[0] != 0x93 || start[6] != 1 || !std::regex_match(header, shape, plain))
    throw std::invalid_argument(path + ": expected a .npy file of float32 (T, D)");
  Features features{{}, std::stoul(shape[1]), std::stoul(shape[2])};
  features.values.resize(features.snippets * features.dimension);
  file.read(reinterpret_cast<char*>(features.values.data()),
            static_cast<std::streamsize>(features.values.size() * sizeof(float)));
  if (!file || features.values.empty())
    throw std::invalid_argument(path + ": expected as many values as its shape says");
  return features;
}

int main(int count, char** words) try {
  if (count != 3) throw std::invalid_argument("expected: detect MODEL.onnx FEATURES.npy");
  auto [features, T, D] = read_npy(words[2]);

  Ort::Env env(ORT_LOGGING_LEVEL_FATAL);
  Ort::Session session(env, std::filesystem::path(words[1]).c_str(), Ort::SessionOptions());
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  const std::array<std::int64_t, 3> shape{1, static_cast<std::int64_t>(T),
                                          static_cast<std::int64_t>(D)};
  const auto input = Ort::Value::CreateTensor(memory, features.data(), features.size(),
                                              shape.data(), shape.size());
  const char* input_name = "features";
  const std::array output_names{"scores", "background", "probabilities"};
  const auto outputs = session.Run(Ort::RunOptions(), &input_name, &input, 1, output_names.data(),
                                   output_names.size());
  const auto values_of = [&](std::size_t i) {
    return std::span(outputs[i].GetTensorData<float>(),
                     outputs[i].GetTensorTypeAndShapeInfo().GetElementCount());
  };
  const auto scores = values_of(0);      // (T, C)
  const auto background = values_of(1);  // (T), the predicted threshold
  const std::size_t C = scores.size() / T;
  const auto probabilities = values_of(2).first(C);  // without the last, the background's

  const double mean =
      std::accumulate(probabilities.begin(), probabilities.end(), 0.0) / static_cast<double>(C);
  std::vector<std::int64_t> classes;  // at least as probable as the mean class
  for (std::size_t c = 0; c < C; ++c)
    if (probabilities[c] >= mean) classes.push_back(static_cast<std::int64_t>(c));
  std::vector<double> edges(T + 1);  // a snippet is 16 frames at 25 frames per second
  for (std::size_t t = 0; t <= T; ++t) edges[t] = static_cast<double>(t) * (16 / 25.0);
  auto runs = lpat::extract_segments({scores, T, C}, {background, T, 1}, edges, classes,
                                     lpat::Boundary::snippet, 1);

  const auto score = [&](const lpat::Run& run) {
    return probabilities[static_cast<std::size_t>(run.class_index)] * run.mean_probability;
  };
  std::ranges::stable_sort(runs, std::ranges::greater(), score);
  for (const auto& run : runs)
    std::printf("%d %.6g %.3f %.3f\n", static_cast<int>(run.class_index), score(run), run.start,
                run.end);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
