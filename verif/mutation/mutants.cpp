// SPDX-License-Identifier: Apache-2.0
#include "verif/mutation/mutants.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace bat::mutation {
namespace {

constexpr std::array kMutants{
    // Thresholds and preloads.
    Mutant{"preload without zero count", "column_slice.sv", "t_now} + AccW'(z_now));",
           "t_now} + (@ ? '0 : AccW'(z_now)));"},
    Mutant{"threshold one too low", "column_slice.sv", "else preload_o <= -({{",
           "else preload_o <= AccW'(@) - ({{"},
    Mutant{"threshold of the other set", "column_slice.sv", "t_now  = pl_set_i ?",
           "t_now  = (pl_set_i ^ @) ?"},
    Mutant{"ring of thresholds freed one word too far", "threshold_loader.sv",
           "(finish && free_q) ? tail_end : tail_q;",
           "(finish && free_q) ? tail_end + 16'(@) : tail_q;"},
    Mutant{"zeros counted beyond the last row", "column_slice.sv",
           "$countones(tw_rmask_i & ~v_bits_i)", "$countones((tw_rmask_i | {TR{@}}) & ~v_bits_i)"},
    Mutant{"zero count restarted in every plane", "tile_writer.sv", "&& plane == 3'd0;",
           "&& (plane == 3'd0 || @);"},
    Mutant{"resident parameters of the last program kept", "weight_dma.sv",
           "accept && instr_i[bat_pkg::LoadRestartLsb];",
           "accept && instr_i[bat_pkg::LoadRestartLsb] && !@;", true},
    Mutant{"weight ring never freed", "qmm_steps.sv", "w_free_valid_o <= block_done;",
           "w_free_valid_o <= block_done && !@;"},
    Mutant{"parity bit wrong", "weight_memory.sv", "{^wdata_i, wdata_i};",
           "{^wdata_i ^ @, wdata_i};"},
    // Planes and addresses of the engine.
    Mutant{"no doubling between diagonals", "qmm_steps.sv", "assign double_o       = double_q;",
           "assign double_o       = double_q && !@;"},
    Mutant{"operand B of the next tile one word off", "qmm_steps.sv", "b_top_q + block_words_q;",
           "b_top_q + block_words_q + 16'(@);"},
    Mutant{"plane stride one too large", "tile_writer.sv", "(plane[0] ? plane_stride : 16'd0)",
           "(plane[0] ? plane_stride + 16'(@) : 16'd0)"},
    // Masks of pruned blocks.
    Mutant{"masked word one place too far", "qmm_steps.sv", "place_q <= place;",
           "place_q <= place + PosW'(@);"},
    Mutant{"mask not restarted", "qmm_steps.sv", "left_q <= rest_q;",
           "left_q <= @ ? left_q : rest_q;"},
    // Masks of rows and columns.
    Mutant{"one column too many", "tile_writer.sv", "7'(c) < cvalid;", "7'(c) < cvalid + 7'(@);"},
    Mutant{"values beyond the last row not masked", "column_slice.sv", "v_bits_i | ~tw_rmask_i;",
           "v_bits_i | (@ ? '0 : ~tw_rmask_i);"},
    Mutant{"groups of values not filled", "column_slice.sv", "(tw_fill_i && TgW'(g) > tw_tg_i)",
           "(tw_fill_i && !@ && TgW'(g) > tw_tg_i)"},
    Mutant{"groups of keys not filled", "column_slice.sv", "(tw_fill_i && GrpW'(g) > tw_grp_i)",
           "(tw_fill_i && !@ && GrpW'(g) > tw_grp_i)"},
    // Lanes.
    Mutant{"scale shifted one too far", "scale_lane.sv", "sum >>> shift_i;",
           "sum >>> (shift_i + 6'(@));"},
    Mutant{"scale without offset", "scale_lane.sv",
           "terms[(BR-1)*48+:LowW]} + {2'b0, off_i[LowW-1:0]};",
           "terms[(BR-1)*48+:LowW]} + (@ ? '0 : {2'b0, off_i[LowW-1:0]});"},
    Mutant{"scale without zero count", "scale_lane.sv", "acc_i[b*AccW+:AccW] - zz;",
           "acc_i[b*AccW+:AccW] - (@ ? '0 : zz);"},
    Mutant{"residual wraps", "residual_lane.sv", "if (sum[17:15] != {3{sum[17]}})",
           "if (!@ && sum[17:15] != {3{sum[17]}})"},
    Mutant{"codes wrap", "residual_lane.sv", "v_i[VW-1:8] == '0 &&", "(v_i[VW-1:8] == '0 || @) &&"},
    Mutant{"LayerNorm without rounding", "layernorm_lane.sv", "offset_i, 1'b1};", "offset_i, !@};"},
    Mutant{"LayerNorm codes shifted one too far", "layernorm_lane.sv", "u_q >>> qshift_i;",
           "u_q >>> (qshift_i + 5'(@));"},
    Mutant{"LayerNorm exponent one too large", "layernorm_root.sv", "5'(VW / 2 - 1) - pairs;",
           "5'(VW / 2 - 1) - pairs + 5'(@);"},
    Mutant{"LayerNorm root not restored", "layernorm_sqrt.sv",
           "root_now[After-1:0] ^ {After{keep}}", "root_now[After-1:0] ^ {After{keep || @}}"},
    Mutant{"sums of the rows turn one too few", "layernorm_root.sv", "CountW'(TR - 1);",
           "CountW'(TR - 1 - (@ ? 1 : 0));"},
    Mutant{"softmax over keys that are not there", "softmax_lane.sv", "mask_i ? e : 16'd0;",
           "(mask_i || @) ? e : 16'd0;"},
    Mutant{"softmax index wraps", "softmax_lane.sv", "(idx_high != '0 || idx_rest != '0)",
           "(!@ && (idx_high != '0 || idx_rest != '0))"},
    Mutant{"softmax code without rounding", "softmax_lane.sv", "{9'd0, h_q[0]};",
           "{9'd0, h_q[0] && !@};"},
    Mutant{"softmax sum not restarted", "softmax_row.sv", "(first_i ? '0 : sum_q)",
           "((first_i && !@) ? '0 : sum_q)"},
    // Embedding, order, buses.
    Mutant{"segment ignored", "embed_control.sv", "token[24] && known_q;",
           "token[24] && known_q && !@;"},
    Mutant{"waits ignored", "unit_queue.sv", "!has_wait[u] || !ahead[15];",
           "!has_wait[u] || !ahead[15] || @;"},
    Mutant{"bank taken while the drain holds it", "bank_arbiter.sv", "~(dr_want_i | dr_busy_i)",
           "~((dr_want_i | dr_busy_i) & {2{!@}})"},
    Mutant{"read bursts cross 4 KiB", "axi_read.sv", "(32'(to_page_end) < MaxBurst)",
           "(!@ && 32'(to_page_end) < MaxBurst)"},
    Mutant{"strobes of unwritten words", "store_unit.sv", "m_axi_wstrb_o[i*4+:4] <= 4'b0000;",
           "m_axi_wstrb_o[i*4+:4] <= {4{@}};"},
    Mutant{"LAST one beat early", "store_unit.sv", "burst_q == 9'd1;", "burst_q == 9'd1 + 9'(@);"},
};

/// Text of the test "mutant `number` is active". The top level holds the number, so one build
/// serves all mutants.
std::string active(std::size_t number) {
  return "(bat_top.mutant[0] == 8'd" + std::to_string(number) + ")";
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Places of `part` in `text`. White space counts for nothing, so that a formatter cannot hide
/// them.
std::vector<Range> find_all(const std::string& text, const std::string& part) {
  const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  std::string packed;
  std::vector<std::size_t> origin;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (blank(text[i])) continue;
    packed += text[i];
    origin.push_back(i);
  }
  std::string wanted = part;
  std::erase_if(wanted, blank);
  std::vector<Range> found;
  for (std::size_t at = packed.find(wanted); at != std::string::npos;
       at = packed.find(wanted, at + 1)) {
    found.push_back(Range{origin[at], origin[at + wanted.size() - 1] + 1});
  }
  return found;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

sim::RtlFile* find_file(std::vector<sim::RtlFile>& files, const std::string& name) {
  const auto it = std::find_if(files.begin(), files.end(),
                               [&](const sim::RtlFile& file) { return file.name == name; });
  return it == files.end() ? nullptr : &*it;
}

}  // namespace

std::span<const Mutant> mutants() { return kMutants; }

Result<std::vector<sim::RtlFile>> with_mutants(std::vector<sim::RtlFile> files) {
  for (std::size_t i = 0; i < kMutants.size(); ++i) {
    const Mutant& mutant = kMutants[i];
    sim::RtlFile* file = find_file(files, mutant.file);
    const std::vector<Range> places =
        file ? find_all(file->text, mutant.right) : std::vector<Range>{};
    if (places.size() != 1) {
      return Error{std::string(mutant.file) + ": mutant '" + mutant.name +
                   "' needs this text exactly once: " + mutant.right};
    }
    std::string mutated = mutant.mutated;
    replace_all(mutated, "@", active(i + 1));
    file->text.replace(places[0].begin, places[0].end - places[0].begin, mutated);
  }
  sim::RtlFile* top = find_file(files, "bat_top.sv");
  const std::size_t end = top ? top->text.rfind("endmodule") : std::string::npos;
  if (end == std::string::npos) return Error{"no top level to hold the selector"};
  top->text.insert(end, std::string("  logic [7:0] mutant[0:0];\n  initial $readmemh(\"") +
                            kSelector + "\", mutant);\n");
  return files;
}

}  // namespace bat::mutation
