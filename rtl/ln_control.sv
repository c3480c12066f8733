// SPDX-License-Identifier: Apache-2.0
// Control of LN instructions (docs/architecture.md, section 5; stages c0 .. c11 of layernorm_lane and code_packer).
//
// Two parts overlap: the roots of an instruction (sums from STAT, then layernorm_root, row after row) are computed while
// the pass of the one before runs. A pass waits until its L ring words are there, takes the bank, and issues one word of Lanes
// channels a cycle, rounded up to whole TK-bit words of codes; a code word takes at least as many cycles as it has
// planes in this pass. More planes than MaxBits are quantized in further passes over the normalized words, for row 0 alone.
// Latency from acceptance: roots 6 cycles and those of layernorm_root, then per pass
// (kw-1) * max(TK/Lanes, planes) + TK/Lanes + 12 + MaxBits, with bank and ring free; an LN after an LN
// costs the larger of roots and pass + 2.
// Flow control: instruction valid/ready, bank request/grant; the row slices follow in lockstep.
`default_nettype none

module ln_control #(
  parameter int TR        = 16,
  parameter int TK        = 64,
  parameter int Lanes     = 4,
  parameter int MaxBits   = 1,
  parameter int MaxD      = 768,
  parameter int ResDepth  = 64,
  parameter int StatDepth = 2,
  // Derived, not to be set.
  parameter int ResAw     = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw    = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int DW        = $clog2(MaxD + 1),
  parameter int SumW      = 16 + $clog2(MaxD),
  parameter int SqW       = 31 + $clog2(MaxD)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                instr_valid_i,
  input  logic [       255:0] instr_i,
  output logic                instr_ready_o,
  output logic                idle_o,         // no instruction inside
  output logic                work_o,         // roots or a pass proceed
  output logic                wait_bank_o,
  output logic                done_o,
  // L ring.
  input  logic [        15:0] l_head_i,
  output logic                l_re_o,
  output logic [        15:0] l_rd_addr_o,
  input  logic [Lanes*64-1:0] l_rd_data_i,
  output logic                l_free_valid_o,
  output logic [        15:0] l_free_words_o,
  // Banks.
  output logic [         1:0] req_o,
  input  logic [         1:0] gnt_i,
  output logic [         1:0] res_re_o,
  output logic [   ResAw-1:0] res_raddr_o,
  output logic [         1:0] res_we_o,
  output logic [   Lanes-1:0] res_mask_o,
  output logic [   ResAw-1:0] res_waddr_o,
  output logic [         1:0] stat_re_o,
  output logic [  StatAw-1:0] stat_raddr_o,
  // Row slices.
  output logic                ln_ld_o,        // sums from STAT
  output logic                ln_ld_bank_o,
  input  logic [    SumW-1:0] rt_sum_i,       // row 0's place of the ring of sums
  input  logic [     SqW-1:0] rt_sq_i,
  output logic                rt_turn_o,      // ring of sums, chains of results: see layernorm_root
  output logic                rt_take_shift_o,
  output logic                rt_take_rec_o,
  output logic [         4:0] rt_shift_o,
  output logic [        16:0] rt_rec_o,
  output logic                ln_start_o,
  output logic [         8:0] ln_en_o,
  output logic [      DW-1:0] ln_d_o,
  output logic [Lanes*16-1:0] ln_gain_o,
  output logic [         4:0] ln_shift_o,
  output logic [Lanes*16-1:0] ln_off_o,
  output logic                ln_again_o,     // c6: the normalized word again, for further planes
  output logic                ln_bank_o,
  output logic [Lanes*32-1:0] ln_qoff_o,
  output logic [Lanes*17-1:0] ln_bound_o,     // c8: 2^q_shift - q_offset within 17 bits: x >= bound is a code above 0
  output logic [        14:0] ln_qmul_o,
  output logic [         4:0] ln_qshift_o,
  output logic [         7:0] ln_cmax_o,
  output logic [         2:0] ln_psel_o,
  output logic [   Lanes-1:0] ln_mask_o,
  output logic [ MaxBits-1:0] ln_pk_en_o,
  output logic [         2:0] ln_pk_sel_o,
  output logic                xb_we_o,
  output logic                row0_only_o,    // planes beyond MaxBits are quantized for row 0 alone
  output logic [        15:0] xb_addr_o
);
  localparam int WordBeats = TK / Lanes;
  localparam int BeatW = (WordBeats > 1) ? $clog2(WordBeats) : 1;
  localparam int Stages = 10 + MaxBits;  // the last plane is written at c(10 + MaxBits)

  // ---------------------------------------------------------------------------------------------------------------
  // Roots.
  localparam logic [2:0] PrepIdle = 3'd0;
  localparam logic [2:0] PrepBank = 3'd1;   // wait for the bank, read STAT
  localparam logic [2:0] PrepLoad = 3'd2;   // sums to the ring
  localparam logic [2:0] PrepStart = 3'd3;
  localparam logic [2:0] PrepRoot = 3'd4;
  localparam logic [2:0] PrepReady = 3'd5;  // wait for the pass before

  logic [  2:0] prep_q;
  logic [255:0] prep_instr_q;
  logic [  9:0] prep_rt;
  logic         prep_bank;
  logic         prep_gnt;
  logic         root_done;
  logic         pass_idle;

  assign prep_rt       = prep_instr_q[bat_pkg::LnRtLsb+:bat_pkg::LnRtW];
  assign prep_bank     = prep_rt[0];
  assign prep_gnt      = gnt_i[prep_bank];
  assign instr_ready_o = (prep_q == PrepIdle);
  assign ln_ld_o       = (prep_q == PrepLoad);
  assign ln_ld_bank_o  = prep_bank;
  assign stat_re_o     = {prep_bank, !prep_bank} & {2{prep_q == PrepBank && prep_gnt}};
  assign stat_raddr_o  = StatAw'(prep_rt[9:1]);
  assign ln_start_o    = (prep_q == PrepReady) && pass_idle;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      prep_q <= PrepIdle;
    end else begin
      case (prep_q)
        PrepIdle: if (instr_valid_i) prep_q <= PrepBank;
        PrepBank: if (prep_gnt) prep_q <= PrepLoad;
        PrepLoad: prep_q <= PrepStart;
        PrepStart: prep_q <= PrepRoot;
        PrepRoot: if (root_done) prep_q <= PrepReady;
        default: if (pass_idle) prep_q <= PrepIdle;
      endcase
    end
  end
  always_ff @(posedge clk_i) begin
    if (instr_valid_i && instr_ready_o) prep_instr_q <= instr_i;
  end

  layernorm_root #(
    .TR  (TR),
    .MaxD(MaxD)
  ) u_root (
    .clk_i,
    .rst_ni,
    .start_i     (prep_q == PrepStart),
    .d_i         (prep_instr_q[bat_pkg::LnDLsb+:DW]),
    .sum_i       (rt_sum_i),
    .sq_i        (rt_sq_i),
    .turn_o      (rt_turn_o),
    .take_shift_o(rt_take_shift_o),
    .take_rec_o  (rt_take_rec_o),
    .done_o      (root_done),
    .shift_o     (rt_shift_o),
    .rec_o       (rt_rec_o)
  );

  // ---------------------------------------------------------------------------------------------------------------
  // Pass.
  localparam logic [1:0] PassIdle = 2'd0;
  localparam logic [1:0] PassWait = 2'd1;   // for L ring words and the bank
  localparam logic [1:0] PassRun = 2'd2;
  localparam logic [1:0] PassFlush = 2'd3;

  logic [      1:0] pass_q;
  logic [    255:0] instr_q;
  logic [     15:0] tail_q;     // L ring words freed
  logic [      3:0] psel_q;     // lowest plane of this pass
  logic [     12:0] index_q;    // words issued
  logic [BeatW-1:0] beat_q;     // beat of the code word
  logic [      3:0] gap_q;      // cycles until the next code word may start
  logic [     15:0] base_q;     // XB word of the lowest plane

  logic [     12:0] dw;
  logic [      3:0] lastv;
  logic [     15:0] l_off;
  logic             l_free;
  logic [      3:0] planes;
  logic [     15:0] xb_ps;
  logic [     15:0] res_base;
  assign dw       = instr_q[bat_pkg::LnDwLsb+:bat_pkg::LnDwW];
  assign lastv    = instr_q[bat_pkg::LnLastvLsb+:bat_pkg::LnLastvW];
  assign l_off    = 16'(instr_q[bat_pkg::LnLOffLsb+:bat_pkg::LnLOffW]);
  assign l_free   = instr_q[bat_pkg::LnLFreeLsb];
  assign planes   = instr_q[bat_pkg::LnPlanesLsb+:bat_pkg::LnPlanesW];
  assign xb_ps    = 16'(instr_q[bat_pkg::LnXbPsLsb+:bat_pkg::LnXbPsW]);
  assign res_base = instr_q[bat_pkg::LnResBaseLsb+:bat_pkg::LnResBaseW];

  logic             l_ok;
  logic             bank;
  logic             again;
  logic             begin_pass;  // counters to the start
  logic [      3:0] left;        // planes not yet written, this pass included
  logic [      3:0] now;         // planes of this pass
  logic             issue;
  logic             real_beat;
  logic             real_last;
  logic             word_last;
  logic             empty;
  logic             pass_end;
  assign bank       = instr_q[bat_pkg::LnRtLsb];
  assign l_ok       = ((l_head_i - tail_q) >= (l_off + 16'(dw)));
  assign again      = (psel_q != 4'd0);
  assign left       = planes - psel_q;
  assign now        = (left > 4'(MaxBits)) ? 4'(MaxBits) : left;
  assign issue      = (pass_q == PassRun) && (gap_q == 4'd0);
  assign real_beat  = (index_q < dw);
  assign real_last  = (index_q + 13'd1 >= dw);
  assign word_last  = (beat_q == BeatW'(WordBeats - 1));
  assign pass_end   = (pass_q == PassFlush) && empty;
  assign done_o     = pass_end && (left <= 4'(MaxBits));
  assign begin_pass = (pass_q == PassWait) || pass_end;
  assign pass_idle  = (pass_q == PassIdle);

  assign l_free_valid_o = done_o && l_free;
  assign l_free_words_o = 16'(dw);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pass_q <= PassIdle;
      tail_q <= 16'd0;
    end else begin
      if (l_free_valid_o) tail_q <= tail_q + 16'(dw);
      case (pass_q)
        PassIdle: if (ln_start_o) pass_q <= PassWait;
        PassWait: if (l_ok && gnt_i[bank]) pass_q <= PassRun;
        PassRun: if (issue && word_last && real_last) pass_q <= PassFlush;
        default: if (empty) pass_q <= done_o ? PassIdle : PassRun;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (ln_start_o) begin
      instr_q <= prep_instr_q;
      psel_q  <= 4'd0;
      base_q  <= prep_instr_q[bat_pkg::LnXbBaseLsb+:bat_pkg::LnXbBaseW];
    end else if (pass_end) begin
      psel_q <= psel_q + 4'(MaxBits);
      base_q <= base_q + (xb_ps << $clog2(MaxBits));
    end
    if (begin_pass) begin
      index_q <= 13'd0;
      beat_q  <= '0;
      gap_q   <= 4'd0;
    end else if (issue) begin
      index_q <= index_q + 13'd1;
      beat_q  <= word_last ? '0 : (beat_q + 1'b1);
      if (word_last && 32'(now) > WordBeats) gap_q <= now - 4'(WordBeats);
    end else if (gap_q != 4'd0) begin
      gap_q <= gap_q - 4'd1;
    end
  end

  // A bank is requested for the roots and for the pass on their own; both may hold the same one.
  assign req_o = ({prep_bank, !prep_bank} & {2{prep_q == PrepBank}})
               | ({bank, !bank} & {2{(pass_q == PassWait && l_ok) || pass_q == PassRun || pass_q == PassFlush}});
  assign wait_bank_o = (prep_q == PrepBank && !prep_gnt) || (pass_q == PassWait && l_ok && !gnt_i[bank]);
  assign work_o = (prep_q != PrepIdle && prep_q != PrepBank && prep_q != PrepReady) || pass_q == PassRun
                || pass_q == PassFlush;
  assign idle_o = (prep_q == PrepIdle) && pass_idle;

  // ---------------------------------------------------------------------------------------------------------------
  // Pipeline: bit k-1 belongs to stage ck. beat: any beat, real: not padding, last: last real one, word: end of a word.
  logic [Stages-1:0] beat_pipe_q;
  logic [Stages-1:0] word_pipe_q;
  logic [       8:0] real_pipe_q;
  logic [       8:0] last_pipe_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_pipe_q <= '0;
      word_pipe_q <= '0;
      real_pipe_q <= '0;
    end else begin
      beat_pipe_q <= {beat_pipe_q[Stages-2:0], issue};
      word_pipe_q <= {word_pipe_q[Stages-2:0], issue && word_last};
      real_pipe_q <= {real_pipe_q[7:0], issue && real_beat};
    end
  end
  always_ff @(posedge clk_i) last_pipe_q <= {last_pipe_q[7:0], real_last};

  assign empty   = (beat_pipe_q == '0);
  assign ln_en_o = beat_pipe_q[8:0];

  logic [Lanes-1:0] last_mask;
  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_mask
    assign last_mask[l] = (4'(l) < lastv);
  end

  // RES: read at c0, or at c5 for the planes after the first pass; written at c8.
  logic             res_re;
  logic             res_we;
  logic [ResAw-1:0] raddr_q;
  logic [ResAw-1:0] waddr_q;
  logic [     15:0] laddr_q;
  assign res_re      = again ? real_pipe_q[4] : (issue && real_beat);
  assign res_we      = real_pipe_q[7] && !again;
  assign res_re_o    = {bank, !bank} & {2{res_re}};
  assign res_we_o    = {bank, !bank} & {2{res_we}};
  assign res_raddr_o = raddr_q;
  assign res_waddr_o = waddr_q;
  assign res_mask_o  = last_pipe_q[7] ? last_mask : '1;
  assign l_re_o      = real_pipe_q[2];
  assign l_rd_addr_o = laddr_q;

  always_ff @(posedge clk_i) begin
    if (begin_pass) begin
      raddr_q <= res_base[ResAw-1:0];
      waddr_q <= res_base[ResAw-1:0];
      laddr_q <= tail_q + l_off;
    end else begin
      if (res_re) raddr_q <= raddr_q + 1'b1;
      if (res_we) waddr_q <= waddr_q + 1'b1;
      if (l_re_o) laddr_q <= laddr_q + 16'd1;
    end
  end

  // LN records: read at c3, gain in use at c5, offset at c7, quantizer offset at c8.
  logic [Lanes*64-1:0] rec5_q;
  logic [Lanes*48-1:0] rec6_q;
  logic [Lanes*48-1:0] rec7_q;
  logic [Lanes*32-1:0] rec8_q;
  always_ff @(posedge clk_i) if (beat_pipe_q[3]) rec5_q <= l_rd_data_i;
  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_record
    always_ff @(posedge clk_i) begin
      if (beat_pipe_q[4]) rec6_q[l*48+:48] <= rec5_q[l*64+16+:48];
      if (beat_pipe_q[6]) rec8_q[l*32+:32] <= rec7_q[l*48+16+:32];
    end
    if (MaxBits == 1) begin : gen_bound
      logic signed [33:0] distance;
      logic        [16:0] bound_q;
      assign distance = (34'sd1 <<< ln_qshift_o) - $signed({{2{rec7_q[l*48+47]}}, rec7_q[l*48+16+:32]});
      always_ff @(posedge clk_i) begin
        if (beat_pipe_q[6]) begin
          bound_q <= distance[16:0];
          if (distance[33:16] != {18{distance[33]}}) bound_q <= {distance[33], {16{~distance[33]}}};
        end
      end
      assign ln_bound_o[l*17+:17] = bound_q;
    end else begin : gen_no_bound
      assign ln_bound_o[l*17+:17] = 17'd0;
    end
    assign ln_gain_o[l*16+:16] = rec5_q[l*64+:16];
    assign ln_off_o[l*16+:16]  = rec7_q[l*48+:16];
  end
  always_ff @(posedge clk_i) if (beat_pipe_q[5]) rec7_q <= rec6_q;
  assign ln_qoff_o = rec8_q;

  assign ln_d_o      = instr_q[bat_pkg::LnDLsb+:DW];
  assign ln_shift_o  = instr_q[bat_pkg::LnShiftLsb+:bat_pkg::LnShiftW] - 5'd1;
  assign ln_again_o  = again;
  assign ln_bank_o   = bank;
  assign ln_qmul_o   = instr_q[bat_pkg::LnQMulLsb+:bat_pkg::LnQMulW];
  assign ln_qshift_o = instr_q[bat_pkg::LnQShiftLsb+:bat_pkg::LnQShiftW];
  assign ln_cmax_o   = 8'((9'd1 << planes) - 9'd1);
  assign ln_psel_o   = psel_q[2:0];
  assign row0_only_o = (planes > 4'(MaxBits));
  assign ln_mask_o   = real_pipe_q[8] ? (last_pipe_q[8] ? last_mask : '1) : '0;
  assign ln_pk_en_o  = beat_pipe_q[9+:MaxBits];

  // Plane p of a code word is written at c(11 + p); its address follows from plane 0's by steps of xb_ps. The stage
  // index counts c11 as Stages = 10 + MaxBits >= 11.
  logic [15:0] word_q;   // word of the row
  logic [15:0] addr_q;
  always_ff @(posedge clk_i) begin
    if (begin_pass) word_q <= 16'd0;
    else if (word_pipe_q[9]) word_q <= word_q + 16'd1;
    addr_q <= word_pipe_q[9] ? (base_q + word_q) : (addr_q + xb_ps);
  end
  always_comb begin
    xb_we_o     = 1'b0;
    ln_pk_sel_o = 3'd0;
    for (int p = 0; p < MaxBits; p = p + 1) begin
      if (word_pipe_q[10+p] && 4'(p) < now) begin
        xb_we_o     = 1'b1;
        ln_pk_sel_o = 3'(p);
      end
    end
  end
  assign xb_addr_o = addr_q;

  // Fields of other instructions; addresses have the width of the instruction fields.
  /* verilator lint_off UNUSED */
  wire unused_bits = |{instr_q, prep_instr_q, res_base, psel_q[3]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
