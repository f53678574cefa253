// Runs a fuzz target without libFuzzer: on the files named, or on random bytes.
//
//   fuzz_NAME [--runs N] [--seed S] [--print]    --print shows each input before it is run
//   fuzz_NAME FILE...
#include <cstdint>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t usual_input = 400;
constexpr std::size_t longest_input = 4000;

void print(const Input& input) {
  std::cerr << std::hex << std::setfill('0');
  for (const int byte : input) std::cerr << std::setw(2) << byte;
  std::cerr << std::dec << std::endl;
}

Input random_input(std::mt19937_64& random) {
  Input input(random() % (random() % 16 == 0 ? longest_input : usual_input));
  for (auto& byte : input) byte = static_cast<std::uint8_t>(random());
  return input;
}

Input content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": can't be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

bool holds(const Input& input) {
  try {
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
  } catch (const std::exception& error) {
    std::cerr << error.what() << ", from the bytes\n";
    print(input);
    return false;
  }
}

}  // namespace

int main(int count, char** words) try {
  std::uint64_t runs = 20'000;
  std::uint64_t seed = 0;
  bool printing = false;
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool valued = (word == "--runs" || word == "--seed") && i + 1 < count;
    if (valued) {
      (word == "--runs" ? runs : seed) = std::stoull(words[++i]);
    } else if (word == "--print") {
      printing = true;
    } else {
      files.push_back(word);
    }
  }
  for (const auto& file : files) {
    if (!holds(content_of(file))) return 1;
  }
  if (!files.empty()) return 0;
  std::mt19937_64 random(seed);
  for (std::uint64_t run = 0; run < runs; ++run) {
    const Input input = random_input(random);
    if (printing) print(input);
    if (!holds(input)) return 1;
  }
  std::cout << runs << " inputs held\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
