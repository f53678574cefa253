#include "check.hpp"
#include "lpat/recall.hpp"
#include "table.hpp"

namespace {

using Ranks = std::vector<std::int64_t>;

Ranks ranks(const Table& proposals, const Table& truths, const std::vector<double>& tious,
            std::size_t videos = 2, std::size_t threads = 1) {
  return lpat::first_ranks(proposals.events().without_classes(), proposals.scores,
                           truths.events().without_classes(), videos, tious, threads);
}

const Table truths({{0, 0, 0, 10}, {1, 0, 0, 10}, {0, 0, 20, 30}});

void the_best_ranked_that_suffices_counts() {
  // Video 0 by score: tIoU 0.4, 0.7 and 0.5 with its first truth.
  const Table proposals({{0, 0, 0, 7, 0.8}, {0, 0, 0, 5, 0.2}, {1, 0, 0, 10, 0.5}, {0, 0, 0, 4, 0.9}});
  CHECK(ranks(proposals, truths, {0.4, 0.5, 0.7, 0.8}) ==
        (Ranks{0, 1, 1, -1, 0, 0, 0, 0, -1, -1, -1, -1}));
}

void one_proposal_may_find_several_truths() {
  const Table twice({{0, 0, 0, 10}, {0, 1, 0, 9}});
  CHECK(ranks(Table({{0, 0, 0, 10, 1}}), twice, {0.9}) == (Ranks{0, 0}));
}

void equal_scores_rank_in_input_order() {
  const Table proposals({{0, 0, 50, 60, 0.5}, {0, 0, 0, 10, 0.5}, {0, 0, 20, 30, 0.5}});
  CHECK(ranks(proposals, truths, {0.5}) == (Ranks{1, -1, 2}));
}

void threads_change_nothing() {
  std::vector<Row> rows;
  std::vector<Row> annotated;
  for (int i = 0; i < 4000; ++i) {
    const double start = (i * 37) % 101;
    rows.push_back({i % 11, 0, start, start + 1 + i % 13, (i * 31) % 17 * 0.125});
    if (i % 5 == 0) annotated.push_back({i % 11, 0, start + 1, start + 9, 0});
  }
  const Table proposals(rows);
  const Table many(annotated);
  CHECK(ranks(proposals, many, {0.3, 0.6}, 11, 4) == ranks(proposals, many, {0.3, 0.6}, 11, 1));
}

void nothing_finds_nothing() {
  CHECK(ranks(Table({}), Table({}), {0.5}).empty());
  CHECK(ranks(Table({}), Table({}), {0.5}, 0).empty());
  CHECK(ranks(Table({{0, 0, 0, 1}}), Table({}), {0.5}).empty());
  CHECK(ranks(Table({{0, 0, 0, 1}}), truths, {}).empty());
  CHECK(ranks(Table({}), truths, {0.5}) == (Ranks{-1, -1, -1}));
  CHECK(ranks(Table({{0, 0, 5, 5}}), Table({{0, 0, 5, 5}}), {0.5}) == (Ranks{-1}));
}

void bad_input_is_refused() {
  const Table one({{0, 0, 0, 1}});
  CHECK_REFUSES(ranks(one, one, {0.5}, 0), "proposal video 0 must be one of 0, not 0");
  CHECK_REFUSES(ranks(one, Table({{0, 0, 0, 1}, {-1, 0, 0, 1}}), {0.5}),
                "truth video 1 must be one of 2, not -1");
  CHECK_REFUSES(ranks(Table({{0, 0, 1, 0}}), one, {0.5}), "proposal segment 0 must not end");
  CHECK_REFUSES(ranks(Table({{0, 0, 0, 1, std::nan("")}}), one, {0.5}),
                "proposal score 0 must be finite");
  CHECK_REFUSES(ranks(one, one, {0.0}), "tious must be in (0, 1]");
  CHECK_REFUSES(lpat::first_ranks(one.events().without_classes(), {},
                                  one.events().without_classes(), 1, {}),
                "scores must be as many");
}

}  // namespace

int main() {
  the_best_ranked_that_suffices_counts();
  one_proposal_may_find_several_truths();
  equal_scores_rank_in_input_order();
  threads_change_nothing();
  nothing_finds_nothing();
  bad_input_is_refused();
  return failures;
}
