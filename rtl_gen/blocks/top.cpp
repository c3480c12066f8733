// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/top.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rtl_gen/blocks/axi_ports.hpp"
#include "rtl_gen/blocks/wiring.hpp"

namespace bat::blocks {
namespace {

using emit::Expr;
using emit::num;
using emit::ref;
using emit::slice;
using Own = std::map<std::string, Expr>;

constexpr int kUnits = 5;
enum UnitIndex { kDma, kQmm, kRow, kSmx, kSto };
constexpr int kRegisterAddressBits = 12;
constexpr int kRequestBits = 24;

int bits_for(int count) { return address_bits(count); }

/// Builds bat_top section by section. Sections talk through nets that Wiring joins by name.
class TopBuilder {
 public:
  TopBuilder(const Config& config, const Plan& plan, const EmittedInterfaces& emitted,
             const emit::Constants& package_constants)
      : config_(config),
        plan_(plan),
        emitted_(emitted),
        module_("bat_top", doc(config, plan)),
        w_(module_, common_parameters(config, plan), package_constants) {}

  Result<emit::Module> run() {
    ports();
    module_.comment("Registers, jobs, reset.");
    registers();
    jobs();
    module_.comment("Program: fetch and the queues of the units.");
    fetch();
    module_.comment("Memory port.");
    memory();
    module_.comment("Engine control.");
    engine_control();
    module_.comment("Column slices: weight ring, keys, values, column constants.");
    for (int c = 0; c < plan_.cols; ++c) column(c);
    column_chain();
    weight_faults();
    module_.comment("Rows: operand memories, lanes, dot-product units, tile bits.");
    row_control();
    for (int r = 0; r < plan_.rows; ++r) row(r);
    performance();
    if (const Status status = w_.finish(); !status) return status.error();
    return std::move(module_);
  }

 private:
  static emit::ModuleDoc doc(const Config& config, const Plan& plan) {
    return {fmt::format("BAT accelerator '{}': {} x {} dot-product units of {} bits, {} lanes "
                        "(docs/architecture.md).",
                        config.name, plan.rows, plan.cols, plan.depth, plan.lanes),
            "", "", "one step of the array a cycle",
            "AXI4 master for programs, weights, inputs and logits; AXI4-Lite slave for registers"};
  }

  Expr net(const std::string& name, int width, const std::string& comment = "") {
    return w_.net(name, width, comment);
  }
  int address() const { return plan_.axi_addr_bits; }

  void ports() {
    clk_ = module_.input("clk_i", 1);
    rst_ = module_.input("rst_ni", 1, "asynchronous, active low");
    module_.output("irq_o", 1, "job done or error, level");
    add_axi_lite_ports(module_, kRegisterAddressBits);
    add_axi_ports(module_, plan_.axi_bits, address());
    const Expr core_reset = net("core_rst_n", 1, "reset of everything but the register file");
    w_.always("clk_i", clk_);
    w_.always("rst_ni", core_reset);
  }

  void registers() {
    const Expr busy = net("soft_reset_busy", 1);
    const Expr stop = net("stop", 1, "an error has stopped dispatch");
    const Expr halt_reset = net("reset_halt", 1);
    const Expr halt = net("halt", 1, "no new AXI burst");
    const Expr read_idle = net("read_idle", 1);
    const Expr write_idle = net("write_idle", 1);
    const Expr axi_idle = net("axi_idle", 1);
    const Expr active = net("active", 1, "a job is in flight");
    const Expr error = net("error", 32);
    const Expr event = net("error_event", 1);
    const Expr job_done = net("job_done", 1);
    const Expr ready = net("job_in_ready", 1);
    const Expr waiting = net("job_out_valid", 1);
    const Expr queued = net("job_count", count_bits(plan_.job_queue_depth));
    w_.assign(axi_idle, emit::binary("&", read_idle, write_idle));
    w_.assign(halt, emit::binary("|", halt_reset, stop));
    const Expr busy_status = net("status_busy", 1);
    w_.assign(busy_status, emit::binary("|", emit::binary("&", active, emit::unary("~", stop)),
                                        emit::binary("|", emit::unary("~", axi_idle), busy)));
    Own own = {{"rst_ni", rst_},
               {"soft_reset_i", busy},
               {"ctrl_soft_reset_busy_i", busy},
               {"ctrl_clear_counters_busy_i", num(1, 0)},
               {"status_error_i", stop},
               {"status_queue_full_i", emit::unary("~", ready)},
               {"status_queue_empty_i", emit::unary("~", waiting)},
               {"status_queued_i", emit::resize(queued, 8)},
               {"error_code_i", slice(error, 0, 8)},
               {"error_source_i", slice(error, 8, 8)},
               {"error_index_i", slice(error, 16, 16)},
               {"irq_done_set_i", job_done},
               {"irq_error_set_i", event}};
    Expr events = emit::binary("|", net("irq_done", 1), net("irq_error", 1));
    if (parity()) {
      own["irq_weights_set_i"] = net("weight_event", 1);
      events = emit::binary("|", events, net("irq_weights", 1));
    }
    w_.instance(emitted_.registers, "u_regs", own);
    w_.assign(ref("irq_o", 1), emit::binary("&", net("ctrl_irq_enable", 1), events));
    w_.leaf("reset_control", "u_reset",
            {{"rst_ni", rst_},
             {"request_i", net("ctrl_soft_reset", 1)},
             {"idle_i", axi_idle},
             {"busy_o", busy},
             {"halt_o", halt_reset}});
  }

  /// Low `address()` bits of a pair of address registers.
  Expr address_of(const std::string& name) {
    const Expr full = net(name, 64);
    w_.assign(full, emit::concat({net(name + "_hi", 32), net(name + "_lo", 32)}));
    if (address() < 64) {
      unused_.push_back(slice(full, address(), 64 - address()));
      w_.read(full);
    }
    return emit::resize(full, address());
  }

  void jobs() {
    const Expr push = net("job_push_we", 1);
    const Expr ready = net("job_in_ready", 1);
    const Expr overflow = net("job_overflow", 1);
    const Expr job = net("job", 4 * address(), "output, input, program, model");
    const Expr model = address_of("model_base");
    const Expr program = address_of("job_program");
    const Expr input = address_of("job_input");
    const Expr output = address_of("job_output");
    w_.assign(overflow, emit::binary("&", push, emit::unary("~", ready)));
    w_.leaf("bat_fifo", "u_jobs",
            {{"in_valid_i", push},
             {"in_ready_o", ready},
             {"in_data_i", emit::concat({output, input, program, model})},
             {"out_valid_o", net("job_out_valid", 1)},
             {"out_ready_i", net("job_out_ready", 1)},
             {"out_data_o", job},
             {"count_o", net("job_count", count_bits(plan_.job_queue_depth))}},
            {{"Width", 4 * address()}, {"Depth", plan_.job_queue_depth}});
  }

  static int count_bits(int depth) { return bits_for(depth + 1); }

  void fetch() {
    w_.leaf("fetch", "u_fetch",
            client(0, "fetch",
                   {{"enable_i", net("ctrl_enable", 1)},
                    {"job_valid_i", net("job_out_valid", 1)},
                    {"job_ready_o", net("job_out_ready", 1)},
                    {"queue_error_i", net("job_overflow", 1)},
                    {"read_error_i", net("read_error", 1)},
                    {"read_client_i", net("read_error_client", 2)},
                    {"write_error_i", net("write_error", 1)}}));
    std::vector<Expr> ready;
    std::vector<Expr> done;
    for (int u = 0; u < kUnits; ++u) {
      ready.push_back(u == kSmx && !config_.features.softmax ? num(1, 0) : unit(u, "ready"));
      done.push_back(u == kSmx && !config_.features.softmax ? num(1, 0) : unit(u, "done"));
    }
    w_.assign(net("unit_ready", kUnits), emit::pack(ready));
    w_.assign(net("unit_done", kUnits), emit::pack(done));
    if (config_.features.softmax) return;
    w_.ignore({"smx_instr"});
    unused_.push_back(emit::bit(net("unit_valid", kUnits), kSmx));
  }

  Expr unit(int index, const std::string& signal) {
    static constexpr const char* kNames[kUnits] = {"dma", "qmm", "row", "smx", "sto"};
    return net(fmt::format("{}_{}", kNames[index], signal), 1);
  }

  /// Ports of a unit: instruction, handshake, completion, counter events.
  Own unit_ports(int index, const std::string& instruction, Own own) {
    own["instr_valid_i"] = emit::bit(net("unit_valid", kUnits), index);
    own["instr_i"] = net(instruction, 256);
    own["instr_ready_o"] = unit(index, "ready");
    own["done_o"] = unit(index, "done");
    own["busy_o"] = unit(index, "busy");
    own["stalled_o"] = unit(index, "stalled");
    return own;
  }

  /// Read client ports; axi_read takes the nets together.
  Own client(int index, const std::string& name, Own own) {
    own["req_valid_o"] = net(name + "_req_valid", 1);
    own["req_ready_i"] = emit::bit(net("req_ready", 3), index);
    own["req_addr_o"] = net(name + "_req_addr", address());
    own["req_beats_o"] = net(name + "_req_beats", kRequestBits);
    own["rsp_valid_i"] = emit::bit(net("rsp_valid", 3), index);
    own["rsp_ready_o"] = net(name + "_rsp_ready", 1);
    own["rsp_data_i"] = net("rsp_data", plan_.axi_bits);
    return own;
  }

  Expr of_clients(const std::string& signal, int width) {
    return emit::pack(
        {net("fetch_" + signal, width), net("dma_" + signal, width), net("row_" + signal, width)});
  }

  void memory() {
    constant_axi_signals();
    const Expr halt = net("halt", 1);
    w_.leaf("axi_read", "u_read",
            {{"halt_i", halt},
             {"idle_o", net("read_idle", 1)},
             {"beat_o", net("read_beat", 1)},
             {"error_valid_o", net("read_error", 1)},
             {"error_client_o", net("read_error_client", 2)},
             {"req_valid_i", of_clients("req_valid", 1)},
             {"req_addr_i", of_clients("req_addr", address())},
             {"req_beats_i", of_clients("req_beats", kRequestBits)},
             {"rsp_ready_i", of_clients("rsp_ready", 1)}});
    w_.leaf(
        "weight_dma", "u_dma",
        unit_ports(kDma, "dma_instr", client(1, "dma", {{"base_i", net("dma_model", address())}})));
    w_.leaf("store_unit", "u_store",
            unit_ports(kSto, "sto_instr",
                       {{"base_i", net("sto_output", address())},
                        {"halt_i", halt},
                        {"idle_o", net("write_idle", 1)},
                        {"beat_o", net("write_beat", 1)},
                        {"error_valid_o", net("write_error", 1)}}));
    ring("t", plan_.par_bits, plan_.t_ring_words, plan_.t_addr_bits,
         net("par_wr_data", plan_.par_bits));
    ring("p", plan_.par_bits, plan_.p_ring_words, plan_.p_addr_bits,
         net("par_wr_data", plan_.par_bits));
    ring("l", plan_.l_bits, plan_.l_ring_words, plan_.l_addr_bits, net("l_wr_data", plan_.l_bits));
  }

  void constant_axi_signals() {
    const int size = bits_for(plan_.axi_bytes);
    for (const char* channel : {"ar", "aw"}) {
      const auto set = [&](const char* name, int width, std::uint64_t value) {
        module_.assign(ref(fmt::format("m_axi_{}{}_o", channel, name), width), num(width, value));
      };
      set("id", 1, 0);
      set("size", 3, static_cast<std::uint64_t>(size));
      set("burst", 2, 1);  // INCR
      set("lock", 1, 0);
      set("cache", 4, 3);  // normal, not cached, bufferable
      set("prot", 3, 0);
      set("qos", 4, 0);
      set("region", 4, 0);
    }
    for (const char* input : {"m_axi_rid_i", "m_axi_rlast_i", "m_axi_bid_i"}) {
      unused_.push_back(ref(input, 1));
    }
    for (const char* input : {"s_axil_awprot_i", "s_axil_arprot_i"}) {
      unused_.push_back(ref(input, 3));
    }
  }

  /// Parameter ring `name`: written by the DMA, read by the net <name>_rd_addr (free-running
  /// count).
  void ring(const std::string& name, int width, int depth, int bits, const Expr& data) {
    Expr read_address;
    if (name == "t") {
      read_address = net("t_rd_addr", bits);
    } else {
      const Expr count = net(name + "_rd_addr", 16);
      read_address = slice(count, 0, bits);
      if (bits < 16) unused_.push_back(slice(count, bits, 16 - bits));
    }
    w_.leaf("param_ring", "u_" + name + "_ring",
            {{"wr_valid_i", net(name + "_wr_valid", 1)},
             {"wr_addr_i", net(name + "_wr_addr", bits)},
             {"wr_data_i", data},
             {"rd_valid_i", net(name + "_re", 1)},
             {"rd_addr_i", read_address},
             {"rd_data_o", net(name + "_rd_data", width)}},
            {{"Width", width}, {"Depth", depth}});
  }

  void engine_control() {
    std::vector<Expr> zero_lanes;
    for (int lane = 0; lane < plan_.lanes; ++lane) zero_lanes.push_back(chain(lane));
    w_.leaf("qmm_control", "u_qmm_control",
            unit_ports(kQmm, "qmm_instr", {{"z_lanes_i", emit::pack(zero_lanes)}}));
    w_.leaf("drain_control", "u_drain");
  }

  Expr chain(int column) { return net(fmt::format("zz_chain_c{}", column), plan_.zero_bits); }
  Expr weights(int column) { return net(fmt::format("b_data_c{}", column), plan_.depth); }
  Expr preload(int column) { return net(fmt::format("preload_c{}", column), plan_.acc_bits); }

  void column(int c) {
    const int per_write = plan_.w_write_bits / plan_.depth;
    const int groups = std::max(1, plan_.cols / per_write);
    const int group_bits = groups > 1 ? bits_for(groups) : 1;
    const int per_word = std::min(plan_.cols, plan_.par_bits / 16);
    const Expr constants = net("ct_data", per_word * 16);
    const Expr wr_data = net("wr_data", plan_.w_write_bits);
    w_.leaf("column_slice", fmt::format("u_column{}", c),
            {{"wr_cgrp_i", net("wr_cgrp", group_bits)},
             {"wr_data_i", slice(wr_data, (c % per_write) * plan_.depth, plan_.depth)},
             {"b_data_o", weights(c)},
             {"w_fault_o", weight_fault(c)},
             {"ct_we_i", emit::bit(net("ct_we", plan_.t_tile_words), c / per_word)},
             {"ct_data_i", slice(constants, (c % per_word) * 16, 16)},
             {"preload_o", preload(c)},
             {"zz_chain_i",
              c + plan_.lanes < plan_.cols ? chain(c + plan_.lanes) : num(plan_.zero_bits, 0)},
             {"zz_chain_o", chain(c)},
             {"k_bits_i", tile_bits(c % plan_.rows)},
             {"v_bits_i", net(fmt::format("v_bits_c{}", c), plan_.rows)}},
            {{"Index", c}, {"WrGroup", c / per_write}, {"WrGrpW", group_bits}});
  }

  bool parity() const { return config_.memory.weight_protection == bmt::Protection::kParity; }

  Expr weight_fault(int column) { return net(fmt::format("w_fault_c{}", column), 1); }

  /// Counter and event of a guarded weight memory.
  void weight_faults() {
    std::vector<Expr> faults;
    for (int c = 0; c < plan_.cols; ++c) faults.push_back(weight_fault(c));
    if (config_.memory.weight_protection == bmt::Protection::kNone) {
      for (int c = 0; c < plan_.cols; ++c) w_.ignore({fmt::format("w_fault_c{}", c)});
      return;
    }
    w_.leaf("weight_fault_count", "u_weight_faults",
            {{"clear_i", net("ctrl_clear_counters", 1)},
             {"faults_i", emit::pack(faults)},
             {"event_o", net("weight_event", 1)},
             {"count_o", net("weight_faults", 32)}});
    if (!parity()) w_.ignore({"weight_event"});
  }

  /// A V word takes column c of every row: the transposition is wiring.
  void column_chain() {
    for (int c = 0; c < plan_.cols; ++c) {
      std::vector<Expr> bits;
      for (int r = 0; r < plan_.rows; ++r) bits.push_back(emit::bit(tile_bits(r), c));
      w_.assign(net(fmt::format("v_bits_c{}", c), plan_.rows), emit::pack(bits));
    }
  }

  Expr tile_bits(int row) { return net(fmt::format("bits_r{}", row), plan_.cols); }

  void row_control() {
    w_.leaf("row_unit", "u_row",
            unit_ports(kRow, "row_instr",
                       client(2, "row",
                              {{"instr_first_i", net("row_first", 1)},
                               {"model_base_i", net("row_model", address())},
                               {"job_input_i", net("row_input", address())},
                               {"rt_sum_i", row_sum(0)},
                               {"rt_sq_i", row_square(0)},
                               {"rt_shift_o", root_shift(plan_.rows)},
                               {"rt_rec_o", root_reciprocal(plan_.rows)}})));
    w_.leaf("bank_arbiter", "u_banks", {},
            {{"ResAw", plan_.res_addr_bits}, {"StatAw", plan_.stat_addr_bits}});
    if (config_.features.softmax) w_.leaf("smx_unit", "u_smx", unit_ports(kSmx, "smx_instr", {}));
  }

  // Sums of the rows are a ring, their roots a chain, both downwards (rtl/layernorm_root.sv): row r
  // takes what row r + 1 holds, the highest row the sums of row 0 and what the ROW unit gives.
  Expr row_sum(int r) { return net(fmt::format("ln_sum_r{}", r), plan_.sum_bits); }
  Expr row_square(int r) { return net(fmt::format("ln_sq_r{}", r), plan_.square_bits); }
  Expr root_shift(int r) { return net(fmt::format("rt_shift_r{}", r), 5); }
  Expr root_reciprocal(int r) { return net(fmt::format("rt_rec_r{}", r), 17); }

  void row(int r) {
    const auto mine = [r](const std::string& name) { return fmt::format("{}_r{}", name, r); };
    const Expr a_data = net(mine("a_data"), plan_.depth);
    const Expr codes = net(mine("cw_data"), plan_.cols);
    const int acc_bits = r == 0 ? plan_.acc_bits : plan_.row_acc_bits;
    const Expr sums = net(mine("sh_acc"), plan_.branches * plan_.lanes * acc_bits);
    const Expr signs = net(mine("tile_bits"), plan_.cols);
    Own dot = {{"a_i", a_data}, {"tile_bits_o", signs}, {"sh_acc_o", sums}};
    for (int c = 0; c < plan_.cols; ++c) {
      dot[fmt::format("b{}_i", c)] = weights(c);
      dot[fmt::format("preload{}_i", c)] = emit::resize(preload(c), acc_bits);
    }
    const bool in_dsp = r >= plan_.rows - config_.array.dsp_rows;
    w_.instance(r == 0   ? emitted_.row
                : in_dsp ? emitted_.dsp_row
                         : emitted_.other_row,
                fmt::format("u_dot{}", r), dot);
    w_.leaf("tile_row", fmt::format("u_tile{}", r),
            {{"tile_bits_i", signs}, {"code_bits_i", codes}, {"bits_o", tile_bits(r)}});
    Own slice_ports = {{"a_data_o", a_data},
                       {"tw_act_data_i", tile_bits(r)},
                       {"sh_acc_i", sums},
                       {"sh_zz_i", zero_counts(acc_bits)},
                       {"cw_data_o", codes},
                       {"lg_data_o", net(r == 0 ? "lg_data" : mine("lg_data"), plan_.lanes * 32)},
                       {"ln_sum_i", row_sum((r + 1) % plan_.rows)},
                       {"ln_sq_i", row_square((r + 1) % plan_.rows)},
                       {"ln_sum_o", row_sum(r)},
                       {"ln_sq_o", row_square(r)},
                       {"rt_shift_i", root_shift(r + 1)},
                       {"rt_rec_i", root_reciprocal(r + 1)},
                       {"rt_shift_o", root_shift(r)},
                       {"rt_rec_o", root_reciprocal(r)},
                       {"eb_load_i", emit::bit(net("eb_load", plan_.rows), r)},
                       {"xb_we_i", emit::bit(net("xb_we", plan_.rows), r)}};
    if (r != 0) w_.ignore({mine("lg_data")});
    if (r == 0) w_.ignore({mine("rt_shift"), mine("rt_rec")});
    if (!config_.features.softmax) tie_softmax(slice_ports);
    w_.leaf("row_slice", fmt::format("u_row{}", r), slice_ports, {{"Row", r}, {"AccW", acc_bits}});
  }

  /// Zero counts of the lanes, `bits` wide each.
  Expr zero_counts(int bits) {
    const Expr all = net("sh_zz", plan_.lanes * plan_.acc_bits);
    if (bits == plan_.acc_bits) return all;
    std::vector<Expr> lanes;
    for (int lane = 0; lane < plan_.lanes; ++lane) {
      lanes.push_back(slice(all, lane * plan_.acc_bits, bits));
    }
    return emit::pack(lanes);
  }

  /// Without softmax nothing drives the softmax controls of a row slice.
  void tie_softmax(Own& own) {
    const auto tie = [&own](const char* port, int width) { own[port] = num(width, 0); };
    for (const char* port : {"sm_re_i", "sm_acc_i", "sm_first_i", "dv_ld_i", "dv_step_i",
                             "dv_take_i", "dv_bit_i", "sm_pk_ce_i", "sm_act_we_i"}) {
      tie(port, 1);
    }
    tie("sm_slot_i", 2);
    tie("sm_raddr_i", bits_for(plan_.score_slots * plan_.score_words));
    tie("sm_en_i", 7);
    tie("sm_imul_i", 16);
    tie("sm_ishift_i", 5);
    tie("sm_mask_i", plan_.lanes);
    tie("dv_pmul_i", 16);
    tie("sm_pshift_i", 6);
    tie("sm_cmax_i", 8);
    tie("sm_pk_en_i", plan_.max_bits);
    tie("sm_pk_sel_i", 3);
    tie("sm_act_addr_i", 16);
  }

  void performance() {
    module_.comment("Performance counters.");
    std::vector<Expr> busy;
    std::vector<Expr> stalled;
    for (int u = 0; u < kUnits; ++u) {
      const bool absent = u == kSmx && !config_.features.softmax;
      busy.push_back(absent ? num(1, 0) : unit(u, "busy"));
      stalled.push_back(absent ? num(1, 0) : unit(u, "stalled"));
    }
    const Expr counting = net("counting", 1);
    w_.assign(counting, emit::binary("&", net("active", 1), emit::unary("~", net("stop", 1))));
    w_.leaf("counters", "u_counters",
            {{"clear_i", net("ctrl_clear_counters", 1)},
             {"active_i", counting},
             {"busy_i", emit::pack(busy)},
             {"stalled_i", emit::pack(stalled)},
             {"step_i", unit(kQmm, "busy")},
             {"read_beat_i", net("read_beat", 1)},
             {"write_beat_i", net("write_beat", 1)},
             {"rd_index_i", net("counters_index", 6)},
             {"rd_data_o", net("counters_data", 32)}});
    module_.comment("Inputs and address bits that this design does not need.");
    const Expr all = emit::concat(unused_);
    const Expr unused = module_.net("unused_inputs", all->width);
    w_.assign(unused, all);
  }

  const Config& config_;
  const Plan& plan_;
  const EmittedInterfaces& emitted_;
  emit::Module module_;
  Wiring w_;
  Expr clk_, rst_;
  std::vector<Expr> unused_;
};

}  // namespace

emit::Constants common_parameters(const Config& config, const Plan& plan) {
  const auto flag = [](bool built_in) { return built_in ? 1LL : 0LL; };
  return {{"TR", plan.rows},
          {"TC", plan.cols},
          {"TK", plan.depth},
          {"Lanes", plan.lanes},
          {"BR", plan.branches},
          {"MaxBits", plan.max_bits},
          {"PopStages", config.array.pop_stages},
          {"AccW", plan.acc_bits},
          {"ScoreW", plan.score_bits},
          {"ZW", plan.zero_bits},
          {"MaxD", config.limits.hidden},
          {"ParW", plan.par_bits},
          {"LW", plan.l_bits},
          {"ActDepth", plan.act_words},
          {"XbDepth", plan.xb_words},
          {"ResDepth", plan.res_bank_words},
          {"StatDepth", plan.stat_bank_words},
          {"ScoreDepth", plan.score_words},
          {"KDepth", plan.k_words},
          {"VDepth", plan.v_words},
          {"ZDepth", plan.z_words},
          {"WDepth", plan.w_ring_words},
          {"TDepth", plan.t_ring_words},
          {"PDepth", plan.p_ring_words},
          {"LDepth", plan.l_ring_words},
          {"LogitDepth", plan.logit_words},
          {"Protection", static_cast<int>(config.memory.weight_protection)},
          {"AndLanes", flag(config.array.and_lanes)},
          {"Pruning", flag(config.features.pruning)},
          {"SoftmaxEn", flag(config.features.softmax)},
          {"TokensEn", flag(config.features.tokens)},
          {"FeaturesEn", flag(config.features.feature_rows)},
          {"HasSoftmax", flag(config.features.softmax)},
          {"HasFeatures", flag(config.features.feature_rows)},
          {"AxiW", plan.axi_bits},
          {"AxiAddrW", plan.axi_addr_bits},
          {"MaxBurst", plan.max_burst},
          {"ChunkBeats", plan.max_burst},
          {"EmbedBurst", plan.embed_burst},
          {"Outstanding", plan.outstanding},
          {"QueueDepth", plan.queue_depth},
          // `parameter int` is signed.
          {"ConfigHash", static_cast<std::int32_t>(config_hash32(config))}};
}

Result<emit::Module> top(const Config& config, const Plan& plan, const EmittedInterfaces& emitted,
                         const emit::Constants& package_constants) {
  return TopBuilder(config, plan, emitted, package_constants).run();
}

}  // namespace bat::blocks
