// SPDX-License-Identifier: Apache-2.0
// Loss and accuracy of a run as a picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bat::train {

struct CurvePoint {
  int epoch = 0;
  double loss = 0.0;
  double accuracy = 0.0;          ///< on the training samples
  std::optional<double> watched;  ///< on samples set aside
};

/// An SVG with two panels: loss, and accuracies, over epochs.
std::string curves_svg(const std::string& title, const std::vector<CurvePoint>& points);

/// The points of `phase` in a run's log (TrainReport::log); lines of other forms are left out. Of
/// an epoch that a resumed run repeats the later line counts.
std::vector<CurvePoint> read_log(const std::string& csv, const std::string& phase);

}  // namespace bat::train
