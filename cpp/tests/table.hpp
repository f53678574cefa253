// Owner of the arrays that lpat::Events views, filled row by row.
#pragma once

#include <vector>

#include "lpat/events.hpp"

struct Row {
  std::int64_t video;
  std::int64_t label;
  double start;
  double end;
  double score = 0;
};

struct Table {
  std::vector<std::int64_t> videos;
  std::vector<std::int64_t> classes;
  std::vector<double> times;
  std::vector<double> scores;

  explicit Table(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
      videos.push_back(row.video);
      classes.push_back(row.label);
      times.insert(times.end(), {row.start, row.end});
      scores.push_back(row.score);
    }
  }

  lpat::Events events() const { return {videos, classes, {times}}; }
};
