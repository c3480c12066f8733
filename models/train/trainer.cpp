// SPDX-License-Identifier: Apache-2.0
#include "models/train/trainer.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "models/bmt/dataset.hpp"
#include "models/bmt/model_file.hpp"
#include "models/train/card.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;

constexpr int kHoldoutEpochs = 5;         ///< the holdout is measured every so many epochs
constexpr int kCalibrationImages = 2000;  ///< they fix the steps of the int16 stream
constexpr const char* kLogHeader =
    "phase,epoch,rate,loss,train_accuracy,holdout_accuracy,seconds\n";

SessionOptions model_session(const TrainOptions& o) {
  SessionOptions s;
  s.epochs = o.epochs;
  s.batch = o.batch;
  s.schedule = {o.learning_rate, o.warmup, 1};
  s.weight_decay = o.weight_decay;
  s.clip = o.clip;
  s.hard_weight = o.hard_weight;
  s.soft_weight = o.soft_weight;
  s.hidden_weight = o.hidden_weight;
  s.shift = o.shift;
  s.flip = o.flip;
  s.seed = o.seed;
  s.identity = identity(o);
  if (o.act_bits == 0) {
    s.hard_weight = 1.0;
    s.soft_weight = 0.0;
    s.hidden_weight = 0.0;
  }
  return s;
}

/// The teacher of `o` as a run of its own.
TrainOptions teacher_run(const TrainOptions& o) {
  TrainOptions t = o;
  t.act_bits = 0;
  t.attention = "softmax";
  t.layers = o.teacher_layers;
  t.hidden = o.teacher_hidden;
  t.heads = o.teacher_heads;
  t.head_dim = o.teacher_head_dim;
  t.ffn = o.teacher_ffn;
  t.epochs = o.teacher_epochs;
  t.learning_rate = o.teacher_learning_rate;
  t.weight_decay = o.teacher_weight_decay;
  return t;
}

bool needs_teacher(const TrainOptions& o) {
  return o.act_bits > 0 && (o.soft_weight > 0.0 || o.hidden_weight > 0.0 || o.init_from_teacher);
}

NetworkSpec spec_of(const TrainOptions& o, const ImageSet& images) {
  NetworkSpec spec;
  spec.shape = o.shape();
  spec.rows = (images.height / o.patch) * (images.width / o.patch) + 1;
  spec.features = o.patch * o.patch * images.channels;
  spec.classes = images.classes;
  spec.act_bits = o.act_bits;
  spec.attention = o.attention_kind();
  return spec;
}

Status check_images(const TrainOptions& o, const ImageData& data) {
  const ImageSet& set = data.train;
  if (set.height % o.patch != 0 || set.width % o.patch != 0) {
    return Error{fmt::format("option patch: {} does not divide images of {} x {}", o.patch,
                             set.height, set.width)};
  }
  const int available = o.train_limit > 0 ? std::min(o.train_limit, set.count) : set.count;
  if (available - o.holdout < o.batch) {
    return Error{
        fmt::format("option batch: {} images do not hold one batch of {} beside {} set aside",
                    available, o.batch, o.holdout)};
  }
  return Ok{};
}

/// One run: data on the device, the network and its session.
class Run {
 public:
  Run(const TrainOptions& options, const ImageData& data, const torch::Device& device,
      const ProgressCallback& progress)
      : options_(options), data_(data), device_(device), progress_(progress) {}

  /// Everything before the epochs, the teacher's training included. One run at a time.
  Status prepare();
  /// The epochs. Several runs at a time.
  Status epochs() { return epochs_of(*session_, "model", options_.epochs); }
  /// Evaluation and export.
  Status finish();

  TrainReport report;

 private:
  Status prepare_teacher();
  Status epochs_of(Session& session, const char* phase, int epochs);
  fs::path checkpoint_path(std::string_view phase) const {
    return options_.out / (phase == "model" ? "checkpoint.safetensors" : "teacher.safetensors");
  }
  Status start(Session& session, const char* phase);
  Status check_teacher() const;
  void log(const char* phase, const EpochStats& stats, std::optional<double> holdout) const;

  TrainOptions options_;
  const ImageData& data_;
  torch::Device device_;
  const ProgressCallback& progress_;
  std::unique_ptr<DeviceImages> images_, holdout_;
  std::unique_ptr<Network> teacher_, network_;
  std::unique_ptr<Session> session_;
  bool stopped_ = false;
};

void Run::log(const char* phase, const EpochStats& s, std::optional<double> holdout) const {
  std::ofstream file(options_.out / "log.csv", std::ios::app);
  file << fmt::format("{},{},{:.3e},{:.5f},{:.4f},{},{:.2f}\n", phase, s.epoch, s.rate, s.loss,
                      s.accuracy, holdout ? fmt::format("{:.4f}", *holdout) : "", s.seconds);
}

Status Run::epochs_of(Session& session, const char* phase, int epochs) {
  while (!session.finished() && !stopped_) {
    const EpochStats stats = session.run_epoch();
    if (!std::isfinite(stats.loss)) {
      return Error{
          fmt::format("{}: the loss of epoch {} is not finite; try a smaller learning_rate",
                      options_.name, stats.epoch)};
    }
    std::optional<double> holdout;
    const bool measure = stats.epoch % kHoldoutEpochs == 0 || session.finished();
    if (holdout_ && measure) holdout = session.accuracy(*holdout_);
    log(phase, stats, holdout);
    stopped_ = progress_ && !progress_({options_.name, phase, stats, epochs, holdout});
    if (stopped_ || session.finished() || stats.epoch % options_.checkpoint_epochs == 0) {
      if (Status s = session.save(checkpoint_path(phase)); !s) return s;
    }
  }
  return Ok{};
}

Status Run::start(Session& session, const char* phase) {
  const fs::path path = checkpoint_path(phase);
  if (options_.resume && fs::exists(path)) {
    if (Status s = session.load(path); !s) return s;
  } else {
    session.calibrate();
  }
  if (!session.finished()) session.record();
  return Ok{};
}

Status Run::check_teacher() const {
  const NetworkSpec want = spec_of(options_, data_.train);
  const NetworkSpec& have = teacher_->spec();
  if (have.quantized() || have.rows != want.rows || have.features != want.features ||
      have.classes != want.classes) {
    return Error{options_.teacher.string() + ": is not a float network for the same task"};
  }
  return Ok{};
}

Status Run::prepare_teacher() {
  if (!options_.teacher.empty()) {
    Result<std::unique_ptr<Network>> loaded = load_network(options_.teacher);
    if (!loaded) return loaded.error();
    teacher_ = std::move(loaded.value());
    teacher_->to(device_);
    return check_teacher();
  }
  const TrainOptions run = teacher_run(options_);
  teacher_ = std::make_unique<Network>(spec_of(run, data_.train), run.seed);
  teacher_->to(device_);
  Session session(*teacher_, *images_, nullptr, model_session(run), device_);
  if (Status s = start(session, "teacher"); !s) return s;
  return epochs_of(session, "teacher", run.epochs);
}

Status Run::prepare() {
  std::error_code code;
  fs::create_directories(options_.out, code);
  if (code) return Error{options_.out.string() + ": " + code.message()};
  report.checkpoint = checkpoint_path("model");
  report.log = options_.out / "log.csv";
  report.data_sha256 = data_.sha256;
  if (!options_.resume || !fs::exists(report.log)) std::ofstream(report.log) << kLogHeader;

  const ImageSet& all = data_.train;
  const int used = options_.train_limit > 0 ? std::min(options_.train_limit, all.count) : all.count;
  const int kept = used - options_.holdout;
  images_ =
      std::make_unique<DeviceImages>(all.slice(0, kept), options_.patch, options_.shift, device_);
  if (options_.holdout > 0) {
    holdout_ = std::make_unique<DeviceImages>(all.slice(kept, options_.holdout), options_.patch,
                                              options_.shift, device_);
  }
  if (needs_teacher(options_)) {
    if (Status s = prepare_teacher(); !s) return s;
  }
  network_ = std::make_unique<Network>(spec_of(options_, all), options_.seed);
  network_->to(device_);
  if (teacher_ && options_.init_from_teacher) network_->copy_common(*teacher_);
  const bool distil = options_.soft_weight > 0.0 || options_.hidden_weight > 0.0;
  session_ = std::make_unique<Session>(*network_, *images_, distil ? teacher_.get() : nullptr,
                                       model_session(options_), device_);
  return start(*session_, "model");
}

Status Run::finish() {
  report.epochs_done = session_->epochs_done();
  report.complete = session_->finished();
  if (holdout_) report.holdout_accuracy = session_->accuracy(*holdout_);
  if (!report.complete || !options_.finish || options_.act_bits == 0) return Ok{};
  // The integer view is folded on the CPU from the very numbers that its float view is judged by.
  network_->to(torch::kCPU);
  const int calibration = std::min(images_->count(), kCalibrationImages);
  const ImageSet sample = data_.train.slice(0, calibration);
  Result<bmt::Model> model = export_model(*network_, sample, options_);
  if (!model) return model.error();
  const ImageSet& test = data_.test;
  const int count =
      options_.test_limit > 0 ? std::min(options_.test_limit, test.count) : test.count;
  Result<ViewReport> views = compare_views(*network_, model.value(), test.slice(0, count));
  if (!views) return views.error();
  report.views = views.value();
  report.model = options_.out / (options_.name + ".safetensors");
  report.card = options_.out / (options_.name + ".md");
  if (Status s = bmt::save_model(model.value(), report.model); !s) return s;
  return write_card(options_, model.value(), report, report.card);
}

Status run_threads(std::vector<std::unique_ptr<Run>>& runs) {
  std::vector<std::optional<Error>> errors(runs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    threads.emplace_back([&runs, &errors, i] {
      try {
        if (Status s = runs[i]->epochs(); !s) errors[i] = s.error();
      } catch (const std::exception& e) {
        errors[i] = Error{e.what()};
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::optional<Error>& error : errors) {
    if (error) return *error;
  }
  return Ok{};
}

Result<std::vector<TrainReport>> train_unguarded(const std::vector<TrainOptions>& runs,
                                                 const ProgressCallback& progress) {
  std::vector<TrainReport> reports;
  if (runs.empty()) return reports;
  for (const TrainOptions& options : runs) {
    if (Status s = check(options); !s) return s.error();
    if (options.data != runs[0].data || options.device != runs[0].device) {
      return Error{"runs side by side need the same data and device"};
    }
  }
  const fs::path folder = runs[0].data.empty() ? fs::path(bmt::kFashionMnistPath) : runs[0].data;
  const Result<ImageData> data = load_images(folder);
  if (!data) return data.error();
  const torch::Device device = pick_device(runs[0].device);
  std::vector<std::unique_ptr<Run>> all;
  for (const TrainOptions& options : runs) {
    if (Status s = check_images(options, data.value()); !s) return s.error();
    all.push_back(std::make_unique<Run>(options, data.value(), device, progress));
    if (Status s = all.back()->prepare(); !s) return s.error();
  }
  if (Status s = run_threads(all); !s) return s.error();
  for (const std::unique_ptr<Run>& run : all) {
    if (Status s = run->finish(); !s) return s.error();
    reports.push_back(run->report);
  }
  return reports;
}

}  // namespace

Result<std::vector<TrainReport>> train_all(const std::vector<TrainOptions>& runs,
                                           const ProgressCallback& progress) {
  try {
    return train_unguarded(runs, progress);
  } catch (const std::exception& e) {
    return Error{std::string("training failed: ") + e.what()};
  }
}

Result<TrainReport> train(const TrainOptions& options, const ProgressCallback& progress) {
  Result<std::vector<TrainReport>> reports = train_all({options}, progress);
  if (!reports) return reports.error();
  return reports.value()[0];
}

}  // namespace bat::train
