// SPDX-License-Identifier: Apache-2.0
#include "models/train/trainer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

#include "models/bmt/model_file.hpp"
#include "models/io/atomic_file.hpp"
#include "models/train/card.hpp"
#include "models/train/curves.hpp"
#include "models/train/grow.hpp"
#include "models/train/sources.hpp"
#include "models/train/task.hpp"
#include "models/train/torch.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;

constexpr int kHoldoutEpochs = 5;          ///< images set aside are measured every so many epochs
constexpr int kCalibrationSamples = 2000;  ///< they fix the steps of the int16 stream
constexpr int kPickSamples = 300;          ///< the same, while epochs are compared
constexpr double kNearBest = 0.02;  ///< epochs this much below the best float view are not exported
constexpr double kGrowNoise = 0.2;  ///< tells copies of a unit apart (models/train/grow.hpp)
constexpr const char* kLogHeader =
    "phase,epoch,rate,loss,train_accuracy,holdout_accuracy,seconds\n";

SessionOptions model_session(const TrainOptions& o, const std::string& vocab) {
  SessionOptions s;
  s.epochs = o.epochs;
  s.batch = o.batch;
  s.schedule = {o.learning_rate, o.warmup, 1};
  s.weight_decay = o.weight_decay;
  s.clip = o.clip;
  s.dropout = o.dropout;
  s.extra_part = o.has_extra() ? o.extra_part : 0.0;
  s.weights = {o.hard_weight, o.soft_weight, o.hidden_weight, o.attention_weight, 0.0};
  s.seed = o.seed;
  s.identity = identity(o);
  s.vocab = vocab;
  if (o.prunes()) s.prune = prune_schedule(o);
  if (o.act_bits == 0 && o.teacher.empty()) {
    s.weights = {1.0, 0.0, 0.0, 0.0, 0.0};
    s.extra_part = 0.0;
  }
  if (o.task_kind() == TaskFamily::kCorpus) s.weights = {o.hard_weight, 0.0, 0.0, 0.0, 1.0};
  return s;
}

/// The teacher of `o` as a run of its own.
TrainOptions teacher_run(const TrainOptions& o) {
  TrainOptions t = o;
  t.act_bits = 0;
  t.teacher.clear();
  t.attention = "softmax";
  t.weights = "binary";
  t.ffn_weights = "same";
  t.pick = "last";
  t.activation = o.teacher_activation;
  t.layers = o.teacher_layers;
  t.hidden = o.teacher_hidden;
  t.heads = o.teacher_heads;
  t.head_dim = o.teacher_head_dim;
  t.ffn = o.teacher_ffn;
  t.epochs = o.teacher_epochs;
  t.learning_rate = o.teacher_learning_rate;
  t.weight_decay = o.teacher_weight_decay;
  t.prune = t.prune_fine = 0.0;
  t.prune_heads = 0;
  return t;
}

/// A float network learns from a teacher only where one is named.
bool distils(const TrainOptions& o) {
  return (o.act_bits > 0 || !o.teacher.empty()) &&
         (o.soft_weight > 0.0 || o.hidden_weight > 0.0 || o.attention_weight > 0.0);
}

bool needs_teacher(const TrainOptions& o) {
  return distils(o) || (o.act_bits > 0 && o.init_from_teacher && o.start.empty());
}

/// Whether the quantizers of `from` fit a network of `to` as they are.
bool same_quantizers(const NetworkSpec& from, const NetworkSpec& to) {
  return from.act_bits == to.act_bits && from.attention == to.attention;
}

/// One run: data on the device, the network and its session.
class Run {
 public:
  Run(const TrainOptions& options, Sources sources, std::shared_ptr<const Task> task,
      const torch::Device& device, const ProgressCallback& progress)
      : options_(options),
        sources_(std::move(sources)),
        task_(std::move(task)),
        device_(device),
        progress_(progress) {}

  /// Everything before the epochs, the teacher's training included. One run at a time.
  Status prepare();
  /// The epochs. Several runs at a time.
  Status epochs();
  /// Evaluation and export.
  Status finish();

  TrainReport report;

 private:
  Status place_data();
  Status prepare_teacher();
  Status epochs_of(Session& session, const char* phase, int epochs);
  fs::path checkpoint_path(std::string_view phase) const {
    return options_.out / (phase == "model" ? "checkpoint.safetensors" : "teacher.safetensors");
  }
  fs::path best_path() const { return options_.out / "best.safetensors"; }
  Status start(Session& session, const char* phase, bool calibrate);
  Status start_network();
  Status check_teacher() const;
  std::optional<double> watched_metric(const Session& session) const;
  Status consider(const Session& session, double figure);
  Status keep_best(const Session& session, double figure);
  Result<double> integer_figure(const Session& session) const;
  void log(const char* phase, const EpochStats& stats, std::optional<double> holdout) const;

  TrainOptions options_;
  Sources sources_;
  std::shared_ptr<const Task> task_;
  torch::Device device_;
  const ProgressCallback& progress_;
  std::unique_ptr<DeviceData> data_, watched_;
  std::vector<bmt::Sample> watched_samples_;
  std::unique_ptr<Network> teacher_, network_;
  std::unique_ptr<Session> session_;
  std::optional<double> best_, best_float_;
  bool stopped_ = false;
  bool cut_ = false;  ///< ended by time_limit
};

void Run::log(const char* phase, const EpochStats& s, std::optional<double> holdout) const {
  std::ofstream file(options_.out / "log.csv", std::ios::app);
  file << fmt::format("{},{},{:.3e},{:.5f},{:.4f},{},{:.2f}\n", phase, s.epoch, s.rate, s.loss,
                      s.accuracy, holdout ? fmt::format("{:.4f}", *holdout) : "", s.seconds);
}

std::optional<double> Run::watched_metric(const Session& session) const {
  if (!watched_) return std::nullopt;
  return bmt::metric(task_->header(), predictions(session.logits(*watched_), watched_samples_));
}

Status Run::epochs() {
  if (Status s = epochs_of(*session_, "model", options_.epochs); !s) return s;
  if (!cut_ || !best_) return Ok{};
  return session_->load_picked(best_path());
}

Status Run::epochs_of(Session& session, const char* phase, int epochs) {
  const auto begin = std::chrono::steady_clock::now();
  const std::chrono::seconds limit(options_.time_limit);
  while (!session.finished() && !stopped_) {
    if (options_.time_limit > 0 && std::chrono::steady_clock::now() - begin >= limit) {
      cut_ = std::string_view(phase) == "model";
      return session.save(checkpoint_path(phase));
    }
    const EpochStats stats = session.run_epoch();
    if (!std::isfinite(stats.loss)) {
      return Error{
          fmt::format("{}: the loss of epoch {} is not finite; try a smaller learning_rate",
                      options_.name, stats.epoch)};
    }
    std::optional<double> holdout;
    const bool measure = stats.epoch % kHoldoutEpochs == 0 || session.finished() ||
                         task_->header().input == bmt::InputKind::kTokens;
    if (measure) holdout = watched_metric(session);
    log(phase, stats, holdout);
    const bool picks = options_.pick != "last" && std::string_view(phase) == "model";
    if (picks && holdout && session.settled()) {
      if (Status s = consider(session, *holdout); !s) return s;
    }
    stopped_ = progress_ && !progress_({options_.name, phase, stats, epochs, holdout});
    if (picks && best_ && session.finished()) {
      if (Status s = session.load_picked(best_path()); !s) return s;
    }
    if (stopped_ || session.finished() || stats.epoch % options_.checkpoint_epochs == 0) {
      if (Status s = session.save(checkpoint_path(phase)); !s) return s;
    }
  }
  return Ok{};
}

/// The network's first weights from option start.
Status Run::start_network() {
  const Network& from = *sources_.start->network;
  if (!options_.grow) {
    network_->start_from(from);
    return Ok{};
  }
  const auto larger = grown(from, options_.shape(), kGrowNoise, options_.seed);
  if (!larger) return larger.error();
  network_->start_from(*larger.value());
  return Ok{};
}

/// Keeps the network if no earlier epoch was better on the watched samples.
Status Run::consider(const Session& session, double figure) {
  if (options_.pick != "integer") return keep_best(session, figure);
  best_float_ = std::max(best_float_.value_or(figure), figure);
  if (figure < *best_float_ - kNearBest) return Ok{};
  const Result<double> integer = integer_figure(session);
  return integer ? keep_best(session, integer.value()) : integer.error();
}

/// Figure of the integer view on the watched samples. The network itself goes on unchanged.
Result<double> Run::integer_figure(const Session& session) const {
  Network copy(network_->spec(), 0);
  copy.to(device_);
  session.copy_parameters(copy);
  bmt::Model header = task_->header();
  header.name = options_.name;
  const int calibration = std::min(data_->count(), kPickSamples);
  const Result<bmt::Model> model = export_model(copy, header, task_->train_samples(0, calibration));
  if (!model) return model.error();
  return integer_metric(model.value(), watched_samples_);
}

Status Run::keep_best(const Session& session, double figure) {
  if (best_ && figure <= *best_) return Ok{};
  best_ = figure;
  return session.save_picked(best_path(), figure);
}

Status Run::start(Session& session, const char* phase, bool calibrate) {
  const fs::path path = checkpoint_path(phase);
  if (options_.resume && fs::exists(path)) {
    if (Status s = session.load(path); !s) return s;
    if (std::string_view(phase) == "model") best_ = picked_figure(best_path());
  } else if (calibrate) {
    session.calibrate();
  }
  if (!session.finished()) session.record();
  return Ok{};
}

Status Run::check_teacher() const {
  const NetworkSpec want = spec_of(options_, *task_);
  const NetworkSpec& have = teacher_->spec();
  if (have.input != want.input || have.rows < want.rows || have.features != want.features ||
      have.classes != want.classes || have.segments != want.segments) {
    return Error{options_.teacher.string() + ": is not a network for the same task"};
  }
  const bool depth = have.shape.layers == want.shape.layers;
  if (options_.hidden_weight > 0.0 && !(depth && have.shape.hidden == want.shape.hidden)) {
    return Error{"option hidden_weight: the teacher has other layers or hidden size"};
  }
  if (options_.attention_weight > 0.0 && !(depth && have.shape.heads == want.shape.heads)) {
    return Error{"option attention_weight: the teacher has other layers or heads"};
  }
  return Ok{};
}

Status Run::prepare_teacher() {
  if (sources_.teacher) {
    teacher_ = std::move(sources_.teacher->network);
    teacher_->to(device_);
    return check_teacher();
  }
  const TrainOptions run = teacher_run(options_);
  teacher_ = std::make_unique<Network>(spec_of(run, *task_), run.seed);
  teacher_->to(device_);
  if (sources_.teacher_start) teacher_->start_from(*sources_.teacher_start->network);
  if (Status s = check_teacher(); !s) return s;
  Session session(*teacher_, *data_, nullptr, model_session(run, task_->header().vocab), device_);
  if (Status s = start(session, "teacher", false); !s) return s;
  return epochs_of(session, "teacher", run.epochs);
}

Status Run::place_data() {
  const int kept = task_->train_count() - options_.holdout;
  if (kept < options_.batch) {
    return Error{
        fmt::format("option batch: {} samples do not hold one batch of {} beside {} set aside",
                    task_->train_count(), options_.batch, options_.holdout)};
  }
  data_ = task_->on_device(0, kept, true, device_);
  if (options_.holdout > 0) {
    watched_ = task_->on_device(kept, options_.holdout, false, device_);
    watched_samples_ = task_->train_samples(kept, options_.holdout);
  } else if (task_->test_is_dev()) {
    watched_ = task_->test_on_device(device_);
    watched_samples_ = task_->test_samples(0, task_->test_count());
  }
  return Ok{};
}

Status Run::prepare() {
  std::error_code code;
  fs::create_directories(options_.out, code);
  if (code) return Error{options_.out.string() + ": " + code.message()};
  report.checkpoint = checkpoint_path("model");
  report.log = options_.out / "log.csv";
  report.curves = options_.out / "curves.svg";
  report.data_sha256 = task_->sha256();
  if (!options_.resume || !fs::exists(report.log)) std::ofstream(report.log) << kLogHeader;
  if (Status s = place_data(); !s) return s;
  // A finished run that is only to be judged needs no teacher.
  const bool complete = options_.resume && is_complete(report.checkpoint);
  if (!complete && needs_teacher(options_)) {
    if (Status s = prepare_teacher(); !s) return s;
  }
  const NetworkSpec spec = spec_of(options_, *task_);
  network_ = std::make_unique<Network>(spec, options_.seed);
  network_->to(device_);
  bool calibrate = true;
  if (!complete && sources_.start) {
    if (Status s = start_network(); !s) return s;
    calibrate = !same_quantizers(sources_.start->network->spec(), spec);
  } else if (teacher_ && options_.init_from_teacher) {
    network_->start_from(*teacher_);
    calibrate = !same_quantizers(teacher_->spec(), spec);
  }
  session_ =
      std::make_unique<Session>(*network_, *data_, distils(options_) ? teacher_.get() : nullptr,
                                model_session(options_, task_->header().vocab), device_);
  return start(*session_, "model", calibrate);
}

Status Run::finish() {
  report.epochs_done = session_->epochs_done();
  report.complete = session_->finished();
  report.holdout_accuracy = watched_metric(*session_).value_or(0.0);
  if (const Result<std::string> csv = io::read_text(report.log)) {
    const std::string svg = curves_svg(options_.name, read_log(csv.value(), "model"));
    if (Status s = io::write_text_atomic(report.curves, svg); !s) return s;
  }
  if (!(report.complete || cut_) || !options_.finish) return Ok{};
  if (options_.task_kind() == TaskFamily::kCorpus) return Ok{};
  // The integer view is folded on the CPU from the very numbers that its float view is judged by.
  network_->to(torch::kCPU);
  if (options_.act_bits == 0) {
    report.float_test =
        float_metric(*network_, task_->header(), task_->test_samples(0, task_->test_count()));
    return Ok{};
  }
  report.pruned = pruned_share(*network_);
  if (std::unique_ptr<Network> smaller = without_pruned_heads(*network_)) {
    session_.reset();  // it trains the network that goes
    network_ = std::move(smaller);
  }
  const int calibration = std::min(data_->count(), kCalibrationSamples);
  bmt::Model header = task_->header();
  header.name = options_.name;  // runs side by side share the task, not the name
  header.train_command = command_line(options_);
  Result<bmt::Model> model = export_model(*network_, header, task_->train_samples(0, calibration));
  if (!model) return model.error();
  Result<ViewReport> views =
      compare_views(*network_, model.value(), task_->test_samples(0, task_->test_count()));
  if (!views) return views.error();
  report.views = views.value();
  report.model = options_.out / (options_.name + ".safetensors");
  report.card = options_.out / (options_.name + ".md");
  if (Status s = bmt::save_model(model.value(), report.model); !s) return s;
  return write_card(options_, model.value(), report, report.card);
}

/// Epochs, evaluation and export of all runs, side by side.
Status run_threads(std::vector<std::unique_ptr<Run>>& runs) {
  std::vector<std::optional<Error>> errors(runs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    threads.emplace_back([&runs, &errors, i] {
      try {
        Status status = runs[i]->epochs();
        if (status) status = runs[i]->finish();
        if (!status) errors[i] = status.error();
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

/// A task and what it was loaded by: runs side by side often share one.
struct Loaded {
  std::string key;
  std::shared_ptr<const Task> task;
};

Result<std::shared_ptr<const Task>> task_of(const TrainOptions& o, const std::string& vocab,
                                            std::vector<Loaded>& loaded) {
  const std::string key = fmt::format(
      "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", o.task, o.data.string(), o.corpus.string(),
      o.extra.string(), o.vocab.string(), o.vocab_pieces, o.copies, o.max_tokens, o.patch, o.shift,
      o.flip, o.mix, o.train_limit, o.test_limit, vocab);
  for (const Loaded& each : loaded) {
    if (each.key == key) return each.task;
  }
  Result<std::unique_ptr<Task>> task = load_task(o, vocab);
  if (!task) return task.error();
  loaded.push_back({key, std::move(task.value())});
  return loaded.back().task;
}

/// The networks of a run; one that is complete and only judged brings its own vocabulary.
Result<Sources> sources_of(TrainOptions& o) {
  const fs::path checkpoint = o.out / "checkpoint.safetensors";
  if (!o.resume || !is_complete(checkpoint)) return load_sources(o);
  Result<StoredNetwork> own = load_network(checkpoint);
  if (!own) return own.error();
  return Sources{std::nullopt, std::nullopt, std::nullopt, own.value().vocab};
}

Result<std::vector<TrainReport>> train_unguarded(const std::vector<TrainOptions>& runs,
                                                 const ProgressCallback& progress) {
  std::vector<TrainReport> reports;
  if (runs.empty()) return reports;
  const torch::Device device = pick_device(runs[0].device);
  std::vector<std::unique_ptr<Run>> all;
  std::vector<Loaded> tasks;
  for (const TrainOptions& each : runs) {
    TrainOptions options = each;
    if (Status s = check(options); !s) return s.error();
    if (options.device != runs[0].device) return Error{"runs side by side need the same device"};
    Result<Sources> sources = sources_of(options);
    if (!sources) return sources.error();
    Result<std::shared_ptr<const Task>> task = task_of(options, sources.value().vocab, tasks);
    if (!task) return task.error();
    if (Status s = use_vocab(sources.value(), task.value()->header().vocab); !s) return s.error();
    all.push_back(std::make_unique<Run>(options, std::move(sources.value()),
                                        std::move(task.value()), device, progress));
    if (Status s = all.back()->prepare(); !s) return s.error();
  }
  if (Status s = run_threads(all); !s) return s.error();
  for (const std::unique_ptr<Run>& run : all) reports.push_back(run->report);
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
