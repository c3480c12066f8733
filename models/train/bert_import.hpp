// SPDX-License-Identifier: Apache-2.0
// Hugging Face BERT-family checkpoints as a start: a folder with model.safetensors or model.npz,
// config.json and vocab.txt, tensor names as they are there, with or without the prefix "bert.".
// Binarized checkpoints with the names of BiT (arXiv 2205.13016) are known by "clip_query".
#pragma once

#include <filesystem>

#include "models/train/session.hpp"

namespace bat::train {

/// Whether `path` is a folder of that layout.
bool is_bert_folder(const std::filesystem::path& path);

/// The encoder as a float network: position and segment tables, all layers; the classifier is new.
/// `rows`: positions to take (the table must have them). With one segment, the row of segment 0 is
/// added to the positions. Weights may be F16, BF16, F32 or F64.
/// A BiT checkpoint gives a network of one activation bit with its latent weights, scales and
/// shifts. Two things differ from BiT: query, key and value share one quantized input here, so it
/// takes the mean of their three scales and shifts; and the shift before FFN2 joins the bias of
/// FFN1, so that it acts before the ReLU.
Result<StoredNetwork> import_bert(const std::filesystem::path& folder, int rows, int segments);

/// `stored` with the words of `vocab` only, in its order. Error: a word that is not there.
Result<StoredNetwork> with_vocab(StoredNetwork stored, const std::string& vocab);

}  // namespace bat::train
