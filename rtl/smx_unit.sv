// SPDX-License-Identifier: Apache-2.0
// SMX unit: softmax to codes for all row slices in lockstep (docs/numerics.md, section 2; stages s0 .. s9 of
// softmax_row).
//
// An instruction passes twice over its scores: sum of E, division, codes. The first pass and the division of the next
// instruction overlap the second pass of this one (which has priority), one beat of Lanes keys a cycle for both.
// The pipeline stops while a finished word cannot be written because the engine writes ACT.
// Latency from acceptance: ceil(n/Lanes) + (kw-1) * max(TK/Lanes, ob) + TK/Lanes + 38 + MaxBits, kw = ceil(n/TK), 29 of
// it between the passes. Instructions in a row: at most the larger of ceil(n/Lanes) + 31 and
// both passes + 18 + MaxBits.
// Flow control: instruction valid/ready; ACT writes yield to tw_act_we_i.
`default_nettype none

module smx_unit #(
  parameter int TK         = 64,
  parameter int Lanes      = 4,
  parameter int MaxBits    = 1,
  parameter int ScoreDepth = 16,  // words of one slot
  // Derived, not to be set.
  parameter int ScoreAw    = $clog2(4 * ScoreDepth)
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  // Unit port.
  input  logic               instr_valid_i,
  input  logic [      255:0] instr_i,
  output logic               instr_ready_o,
  output logic               done_o,
  output logic               busy_o,
  output logic               stalled_o,
  input  logic               tw_act_we_i,    // the engine writes ACT in this cycle
  // To the row slices.
  output logic               sm_re_o,
  output logic [ScoreAw-1:0] sm_raddr_o,
  output logic [        6:0] sm_en_o,
  output logic [        1:0] sm_slot_o,
  output logic [       15:0] sm_imul_o,
  output logic [        4:0] sm_ishift_o,
  output logic [  Lanes-1:0] sm_mask_o,
  output logic               sm_acc_o,
  output logic               sm_first_o,
  output logic               dv_ld_o,
  output logic               dv_step_o,
  output logic               dv_take_o,
  output logic [       15:0] dv_pmul_o,
  output logic               dv_bit_o,
  output logic [        5:0] sm_pshift_o,
  output logic [        7:0] sm_cmax_o,
  output logic               sm_pk_ce_o,
  output logic [MaxBits-1:0] sm_pk_en_o,
  output logic [        2:0] sm_pk_sel_o,
  output logic               sm_act_we_o,
  output logic [       15:0] sm_act_addr_o
);
  localparam int WordBeats = TK / Lanes;
  localparam int BeatW = (WordBeats > 1) ? $clog2(WordBeats) : 1;
  localparam int Stages = 8 + MaxBits;  // the last plane is written at s(8 + MaxBits)

  /* verilator lint_off UNUSED */
  function automatic logic [ScoreAw-1:0] first_word(input logic [255:0] instr);
    first_word = ScoreAw'(32'(instr[bat_pkg::SmxSlotLsb+:bat_pkg::SmxSlotW]) * ScoreDepth);
  endfunction
  /* verilator lint_on UNUSED */

  logic ce;           // the pipeline moves
  logic issue_sum;    // s0 of a first-pass beat
  logic issue_code;   // s0 of a second-pass beat

  // ---------------------------------------------------------------------------------------------------------------
  // First pass: sum of E.
  localparam logic [1:0] SumIdle = 2'd0;
  localparam logic [1:0] SumRun = 2'd1;
  localparam logic [1:0] SumFlush = 2'd2;
  localparam logic [1:0] SumReady = 2'd3;  // wait for the divider

  logic [        1:0] sum_q;
  logic [      255:0] sum_instr_q;
  logic [       12:0] sum_left_q;   // keys not yet issued
  logic [ScoreAw-1:0] sum_addr_q;
  logic               sum_first_q;
  logic               sum_last;
  logic               sum_end;      // the last beat leaves s6
  logic               div_free;
  assign instr_ready_o = (sum_q == SumIdle);
  assign issue_sum     = (sum_q == SumRun) && ce && !issue_code;
  assign sum_last      = (sum_left_q <= 13'(Lanes));
  assign dv_ld_o       = (sum_q == SumReady) && div_free;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sum_q <= SumIdle;
    end else begin
      case (sum_q)
        SumIdle: if (instr_valid_i) sum_q <= SumRun;
        SumRun: if (issue_sum && sum_last) sum_q <= SumFlush;
        SumFlush: if (sum_end) sum_q <= SumReady;
        default: if (div_free) sum_q <= SumIdle;
      endcase
    end
  end
  always_ff @(posedge clk_i) begin
    if (sum_q == SumIdle) begin
      sum_instr_q <= instr_i;
      sum_left_q  <= instr_i[bat_pkg::SmxNLsb+:bat_pkg::SmxNW];
      sum_addr_q  <= first_word(instr_i);
      sum_first_q <= 1'b1;
    end else if (issue_sum) begin
      sum_left_q  <= sum_left_q - 13'(Lanes);
      sum_addr_q  <= sum_addr_q + 1'b1;
      sum_first_q <= 1'b0;
    end
  end

  // ---------------------------------------------------------------------------------------------------------------
  // Division.
  logic         div_run_q;
  logic         div_ready_q;   // quotient complete, waits for the second pass
  logic [  4:0] div_step_q;
  logic [255:0] div_instr_q;
  logic         code_idle;
  assign div_free  = !div_run_q && !div_ready_q;
  assign dv_step_o = div_run_q;
  assign dv_take_o = div_ready_q && code_idle;
  assign dv_pmul_o = sum_instr_q[bat_pkg::SmxProbMulLsb+:bat_pkg::SmxProbMulW];
  assign dv_bit_o  = (div_step_q == 5'd0) && div_instr_q[bat_pkg::SmxProbMulLsb];  // the rest of the dividend is 0

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      div_run_q   <= 1'b0;
      div_ready_q <= 1'b0;
      div_step_q  <= 5'd0;
    end else begin
      if (dv_ld_o) begin
        div_run_q  <= 1'b1;
        div_step_q <= 5'd0;
      end else if (div_run_q) begin
        div_run_q  <= (div_step_q != 5'd20);
        div_step_q <= div_step_q + 5'd1;
      end
      if (div_run_q && div_step_q == 5'd20) div_ready_q <= 1'b1;
      else if (dv_take_o) div_ready_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) if (dv_ld_o) div_instr_q <= sum_instr_q;

  // ---------------------------------------------------------------------------------------------------------------
  // Second pass: codes, whole words of TK keys; a word takes at least as many cycles as it has planes.
  localparam logic [1:0] CodeIdle = 2'd0;
  localparam logic [1:0] CodeRun = 2'd1;
  localparam logic [1:0] CodeFlush = 2'd2;

  logic [        1:0] code_q;
  logic [      255:0] code_instr_q;
  logic [       12:0] code_left_q;
  logic [ScoreAw-1:0] code_addr_q;
  logic [  BeatW-1:0] beat_q;
  logic [        3:0] gap_q;
  logic               word_last;
  logic               code_last;
  logic               code_real;
  logic               code_empty;
  logic [        3:0] ob;
  assign code_idle  = (code_q == CodeIdle);
  assign issue_code = (code_q == CodeRun) && ce && (gap_q == 4'd0);
  assign word_last  = (beat_q == BeatW'(WordBeats - 1));
  assign code_last  = word_last && (code_left_q <= 13'(Lanes));
  assign code_real  = (code_left_q != 13'd0);
  assign ob         = code_instr_q[bat_pkg::SmxObLsb+:bat_pkg::SmxObW];
  assign done_o     = (code_q == CodeFlush) && code_empty;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      code_q <= CodeIdle;
    end else begin
      case (code_q)
        CodeIdle: if (div_ready_q) code_q <= CodeRun;
        CodeRun: if (issue_code && code_last) code_q <= CodeFlush;
        default: if (code_empty) code_q <= CodeIdle;
      endcase
    end
  end
  always_ff @(posedge clk_i) begin
    if (code_q == CodeIdle) begin
      code_instr_q <= div_instr_q;
      code_left_q  <= div_instr_q[bat_pkg::SmxNLsb+:bat_pkg::SmxNW];
      code_addr_q  <= first_word(div_instr_q);
      beat_q       <= '0;
      gap_q        <= 4'd0;
    end else if (issue_code) begin
      code_left_q <= (code_left_q <= 13'(Lanes)) ? 13'd0 : (code_left_q - 13'(Lanes));
      code_addr_q <= code_addr_q + 1'b1;
      beat_q      <= word_last ? '0 : (beat_q + 1'b1);
      if (word_last && 32'(ob) > WordBeats) gap_q <= ob - 4'(WordBeats);
    end else if (ce && gap_q != 4'd0) begin
      gap_q <= gap_q - 4'd1;
    end
  end

  assign sm_re_o    = issue_sum || (issue_code && code_real);
  assign sm_raddr_o = issue_code ? code_addr_q : sum_addr_q;

  // ---------------------------------------------------------------------------------------------------------------
  // Pipeline: bit k-1 belongs to stage sk.
  logic [       6:0] beat_pipe_q;   // any beat
  logic [       5:0] sum_pipe_q;    // of the first pass
  logic [       5:0] first_pipe_q;
  logic [       5:0] last_pipe_q;
  logic [Stages-1:0] code_pipe_q;   // of the second pass
  logic [Stages-1:0] word_pipe_q;   // end of a code word
  logic [Lanes*4-1:0] mask_pipe_q;
  logic [ Lanes-1:0] mask0;
  logic [      12:0] left0;
  assign left0 = issue_code ? code_left_q : sum_left_q;
  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_mask
    assign mask0[l] = (left0 > 13'(l));
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_pipe_q <= '0;
      sum_pipe_q  <= '0;
      code_pipe_q <= '0;
      word_pipe_q <= '0;
    end else if (ce) begin
      beat_pipe_q <= {beat_pipe_q[5:0], issue_sum || issue_code};
      sum_pipe_q  <= {sum_pipe_q[4:0], issue_sum};
      code_pipe_q <= {code_pipe_q[Stages-2:0], issue_code};
      word_pipe_q <= {word_pipe_q[Stages-2:0], issue_code && word_last};
    end
  end
  always_ff @(posedge clk_i) begin
    if (ce) begin
      first_pipe_q <= {first_pipe_q[4:0], sum_first_q};
      last_pipe_q  <= {last_pipe_q[4:0], issue_sum && sum_last};
      mask_pipe_q  <= {mask_pipe_q[Lanes*3-1:0], mask0};
    end
  end

  assign sm_en_o    = beat_pipe_q & {7{ce}};
  assign sm_acc_o   = sum_pipe_q[5] && ce;
  assign sm_first_o = first_pipe_q[5];
  assign sum_end    = sum_pipe_q[5] && last_pipe_q[5] && ce;
  assign sm_mask_o  = mask_pipe_q[Lanes*3+:Lanes];
  assign code_empty = (code_pipe_q == '0);

  // Parameters of the pass that a stage holds a beat of.
  assign sm_slot_o   = sum_pipe_q[0] ? sum_instr_q[bat_pkg::SmxSlotLsb+:bat_pkg::SmxSlotW]
                                     : code_instr_q[bat_pkg::SmxSlotLsb+:bat_pkg::SmxSlotW];
  assign sm_imul_o   = sum_pipe_q[1] ? sum_instr_q[bat_pkg::SmxIdxMulLsb+:bat_pkg::SmxIdxMulW]
                                     : code_instr_q[bat_pkg::SmxIdxMulLsb+:bat_pkg::SmxIdxMulW];
  assign sm_ishift_o = sum_pipe_q[2] ? sum_instr_q[bat_pkg::SmxIdxShiftLsb+:bat_pkg::SmxIdxShiftW]
                                     : code_instr_q[bat_pkg::SmxIdxShiftLsb+:bat_pkg::SmxIdxShiftW];
  assign sm_pshift_o = code_instr_q[bat_pkg::SmxProbShiftLsb+:bat_pkg::SmxProbShiftW] - 6'd1;
  assign sm_cmax_o   = 8'((9'd1 << ob) - 9'd1);

  // Packer at s8, plane p of a word written at s(9 + p).
  logic        write;
  logic [15:0] word_q;
  logic [15:0] addr_q;
  assign sm_pk_ce_o = ce;
  assign sm_pk_en_o = code_pipe_q[7+:MaxBits] & {MaxBits{ce}};
  always_ff @(posedge clk_i) begin
    if (code_q == CodeIdle) word_q <= 16'd0;
    else if (ce && word_pipe_q[7]) word_q <= word_q + 16'd1;
    if (ce) begin
      addr_q <= word_pipe_q[7] ? (code_instr_q[bat_pkg::SmxDBaseLsb+:bat_pkg::SmxDBaseW] + word_q)
                               : (addr_q + 16'(code_instr_q[bat_pkg::SmxDPsLsb+:bat_pkg::SmxDPsW]));
    end
  end
  always_comb begin
    write       = 1'b0;
    sm_pk_sel_o = 3'd0;
    for (int p = 0; p < MaxBits; p = p + 1) begin
      if (word_pipe_q[8+p] && 4'(p) < ob) begin
        write       = 1'b1;
        sm_pk_sel_o = 3'(p);
      end
    end
  end
  assign ce            = !(write && tw_act_we_i);
  assign sm_act_we_o   = write && !tw_act_we_i;
  assign sm_act_addr_o = addr_q;

  assign stalled_o = !ce;
  assign busy_o    = ce && (sum_q != SumIdle || !div_free || !code_idle);

  // Fields of other instructions; the number of words follows from n.
  /* verilator lint_off UNUSED */
  wire unused_bits = |{sum_instr_q, div_instr_q, code_instr_q};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
