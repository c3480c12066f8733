// SPDX-License-Identifier: Apache-2.0
// What the trainer needs of libtorch: tensors, gradients and devices. <torch/torch.h>, which holds
// modules, optimizers and data loaders too, takes a third longer to compile.
#pragma once

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>
