// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/carry_plan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <queue>
#include <unordered_map>

namespace bat::blocks {
namespace {

constexpr int kTable = 8;              // cost of a table
constexpr int kExit = 3;               // of a carry that leaves its chain: it may take a table site
constexpr int kChain = 1;              // of a further chain: depth
constexpr int kTallest[] = {5, 6, 7};  // heights above are brought down without search
// The bound of the search, a table for two bits, in quarters: exact, then greedier.
constexpr int kBounds[] = {4, 6};
constexpr std::size_t kMostStates = 60'000;
constexpr int kWidthBits = 4;
constexpr int kMostColumns = 12;

std::size_t index(int value) { return static_cast<std::size_t>(value); }

int slots_of(AtomKind kind) { return kind == AtomKind::kSix || kind == AtomKind::kFour ? 2 : 1; }

/// Heights of the columns and where an open chain stands.
struct State {
  std::vector<int> heights;
  int open = -1;       ///< column that the open chain has reached; -1: none
  bool carry = false;  ///< the open chain brings a carry

  int total() const {
    int sum = carry ? 1 : 0;
    for (const int height : heights) sum += height;
    return sum;
  }
  bool done() const {
    return open < 0 && std::ranges::all_of(heights, [](int height) { return height <= 1; });
  }
  std::uint64_t key() const {
    std::uint64_t key = static_cast<std::uint64_t>(open + 1) * 2 + (carry ? 1 : 0);
    for (const int height : heights) key = (key << kWidthBits) | static_cast<std::uint64_t>(height);
    return key;
  }
};

/// One step of the plan: opens a chain, adds an atom, or closes.
struct Move {
  enum class Kind { kOpen, kAtom, kClose } kind = Kind::kClose;
  int column = 0;
  bool carry_in = false;
  PlannedAtom atom;
};

int columns_of(const State& state) { return static_cast<int>(state.heights.size()); }

/// Carries out a move; returns its cost.
int apply(const Move& move, State& state) {
  switch (move.kind) {
    case Move::Kind::kOpen:
      state.open = move.column;
      state.carry = move.carry_in;
      if (move.carry_in) --state.heights[index(move.column)];
      return kChain;
    case Move::Kind::kAtom: {
      const int column = state.open;
      const int slots = slots_of(move.atom.kind);
      state.heights[index(column)] += 1 - move.atom.low;
      if (slots == 2 && column + 1 < columns_of(state)) {
        state.heights[index(column + 1)] += 1 - move.atom.high;
      }
      state.open += slots;
      state.carry = state.open < columns_of(state);
      if (!state.carry) state.open = columns_of(state);
      return kTable * slots;
    }
    case Move::Kind::kClose: {
      const bool leaves = state.open < columns_of(state) && state.carry;
      if (leaves) ++state.heights[index(state.open)];
      state.open = -1;
      state.carry = false;
      return leaves ? kExit : 0;
    }
  }
  return 0;
}

std::vector<Move> atoms_at(const State& state, bool fresh) {
  std::vector<Move> moves;
  const int column = state.open;
  const int height = state.heights[index(column)];
  const bool top = column + 1 >= columns_of(state);
  const auto add = [&moves](AtomKind kind, int low, int high) {
    moves.push_back({Move::Kind::kAtom, 0, false, {kind, low, high}});
  };
  // The lowest slot has one bypass pin: for the carry in or for the sixth bit.
  if (!top && height >= 4 && !(fresh && state.carry)) add(AtomKind::kSix, std::min(height, 6), 0);
  if (!top && height >= 3) {
    add(AtomKind::kFour, std::min(height, 4), std::min(state.heights[index(column + 1)], 1));
  }
  if (height >= 2) add(AtomKind::kTwo, 2, 0);
  if (!fresh && height <= 1) add(AtomKind::kOne, height, 0);
  return moves;
}

std::vector<Move> moves_from(const State& state, bool fresh) {
  std::vector<Move> moves;
  if (state.open < 0) {
    for (int column = 0; column < columns_of(state); ++column) {
      const int height = state.heights[index(column)];
      if (height >= 2) moves.push_back({Move::Kind::kOpen, column, false, {}});
      if (height >= 3) moves.push_back({Move::Kind::kOpen, column, true, {}});
    }
    return moves;
  }
  if (state.open < columns_of(state)) moves = atoms_at(state, fresh);
  if (!fresh) moves.push_back({});
  return moves;
}

/// Best-first search; the bound is one table for two bits.
class Search {
 public:
  Search(State start, int bound)
      : start_(std::move(start)), columns_(columns_of(start_)), bound_(bound) {}

  std::optional<std::vector<Move>> run() {
    nodes_.push_back({start_, -1, {}, 0, false});
    push(0);
    while (!queue_.empty() && nodes_.size() < kMostStates) {
      const int at = queue_.top().second;
      queue_.pop();
      const Node node = nodes_[index(at)];
      if (node.state.done()) return path(at);
      if (const auto best = best_.find(key(node));
          best != best_.end() && best->second < node.cost) {
        continue;
      }
      for (const Move& move : moves_from(node.state, node.fresh)) visit(at, node, move);
    }
    return std::nullopt;
  }

 private:
  struct Node {
    State state;
    int parent;
    Move move;
    int cost;
    bool fresh;  ///< the open chain has no atom yet
  };

  static std::uint64_t key(const Node& node) { return node.state.key() * 2 + (node.fresh ? 1 : 0); }

  void visit(int parent, const Node& from, const Move& move) {
    Node next{from.state, parent, move, from.cost, move.kind == Move::Kind::kOpen};
    next.cost += apply(move, next.state);
    const auto [place, fresh] = best_.try_emplace(key(next), next.cost);
    if (!fresh && place->second <= next.cost) return;
    place->second = next.cost;
    nodes_.push_back(std::move(next));
    push(static_cast<int>(nodes_.size()) - 1);
  }

  void push(int node) {
    const Node& n = nodes_[index(node)];
    const int bound = std::max(0, n.state.total() - columns_) * kTable * bound_ / 8;
    queue_.push({-(n.cost + bound), node});
  }

  std::vector<Move> path(int at) const {
    std::vector<Move> moves;
    for (; nodes_[index(at)].parent >= 0; at = nodes_[index(at)].parent) {
      moves.push_back(nodes_[index(at)].move);
    }
    std::ranges::reverse(moves);
    return moves;
  }

  State start_;
  int columns_;
  int bound_;
  std::vector<Node> nodes_;
  std::priority_queue<std::pair<int, int>> queue_;
  std::unordered_map<std::uint64_t, int> best_;
};

/// A plan under construction.
struct Plan {
  State state;
  std::vector<PlannedChain> chains;
  int cost = 0;

  void carry_out(const Move& move) {
    cost += apply(move, state);
    if (move.kind == Move::Kind::kOpen) chains.push_back({move.column, move.carry_in, {}});
    if (move.kind == Move::Kind::kAtom) chains.back().atoms.push_back(move.atom);
  }
  void open(int column) { carry_out({Move::Kind::kOpen, column, false, {}}); }
  void close() { carry_out({}); }
};

/// One chain of full kSix atoms from the lowest column that is taller than `limit`.
bool flatten_once(int limit, Plan& plan) {
  const std::vector<int>& heights = plan.state.heights;
  const int columns = columns_of(plan.state);
  int column = 0;
  while (column + 1 < columns && heights[index(column)] <= limit) ++column;
  if (column + 1 >= columns) return false;
  plan.open(column);
  do {
    plan.carry_out({Move::Kind::kAtom, 0, false, {AtomKind::kSix, 6, 0}});
  } while (plan.state.open + 1 < columns && heights[index(plan.state.open)] >= 6);
  plan.close();
  return true;
}

/// Without search: the lowest chain that finishes its column, all the way up.
void finish_plainly(Plan& plan) {
  while (!plan.state.done()) {
    int column = 0;
    while (plan.state.heights[index(column)] <= 1) ++column;
    plan.open(column);
    for (bool fresh = true; plan.state.open < columns_of(plan.state); fresh = false) {
      const std::vector<Move> moves = atoms_at(plan.state, fresh);
      if (moves.empty()) break;
      plan.carry_out(moves.front());
    }
    plan.close();
  }
}

bool search(Plan& plan) {
  if (columns_of(plan.state) > kMostColumns) return false;
  for (const int bound : kBounds) {
    const auto moves = Search(plan.state, bound).run();
    if (!moves) continue;
    for (const Move& move : *moves) plan.carry_out(move);
    return true;
  }
  return false;
}

}  // namespace

std::vector<PlannedChain> plan_chains(const std::vector<int>& heights) {
  Plan best;
  best.cost = std::numeric_limits<int>::max();
  for (const int tallest : kTallest) {
    Plan plan;
    plan.state.heights = heights;
    while (flatten_once(tallest, plan)) {
    }
    if (!search(plan)) finish_plainly(plan);
    if (plan.cost < best.cost) best = std::move(plan);
  }
  return best.chains;
}

}  // namespace bat::blocks
