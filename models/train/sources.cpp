// SPDX-License-Identifier: Apache-2.0
#include "models/train/sources.hpp"

#include "models/io/glue_tsv.hpp"
#include "models/train/bert_import.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;

bool has_pairs(const std::string& task) {
  const auto glue = io::glue_task(task);
  return glue == io::GlueTask::kMrpc || glue == io::GlueTask::kRte || glue == io::GlueTask::kStsb;
}

Status load(const fs::path& path, const TrainOptions& o, std::optional<StoredNetwork>& out) {
  if (path.empty()) return Ok{};
  Result<StoredNetwork> stored = is_bert_folder(path)
                                     ? import_bert(path, o.max_tokens, has_pairs(o.task) ? 2 : 1)
                                     : load_network(path);
  if (!stored) return stored.error();
  out = std::move(stored.value());
  return Ok{};
}

}  // namespace

Result<Sources> load_sources(TrainOptions& o) {
  Sources out;
  if (Status s = load(o.start, o, out.start); !s) return s.error();
  if (Status s = load(o.teacher, o, out.teacher); !s) return s.error();
  if (o.teacher.empty()) {
    if (Status s = load(o.teacher_start, o, out.teacher_start); !s) return s.error();
  }
  if (o.vocab.extension() == ".safetensors") {
    const Result<StoredNetwork> stored = load_network(o.vocab);
    if (!stored) return stored.error();
    out.vocab = stored.value().vocab;
  }
  if (!o.vocab.empty()) return out;
  for (const fs::path* path : {&o.teacher, &o.start, &o.teacher_start}) {
    if (!path->empty() && is_bert_folder(*path)) o.vocab = *path / "vocab.txt";
  }
  if (out.teacher && !is_bert_folder(o.teacher)) {
    out.vocab = out.teacher->vocab;
  } else if (out.start && !is_bert_folder(o.start)) {
    out.vocab = out.start->vocab;
  } else if (out.teacher_start && !is_bert_folder(o.teacher_start)) {
    out.vocab = out.teacher_start->vocab;
  }
  return out;
}

Status use_vocab(Sources& sources, const std::string& vocab) {
  for (std::optional<StoredNetwork>* each :
       {&sources.start, &sources.teacher, &sources.teacher_start}) {
    if (!*each) continue;
    Result<StoredNetwork> fitted = with_vocab(std::move(**each), vocab);
    if (!fitted) return fitted.error();
    *each = std::move(fitted.value());
  }
  return Ok{};
}

}  // namespace bat::train
