// SPDX-License-Identifier: Apache-2.0
// Control of EMBED instructions (docs/architecture.md, section 5; stages e0 .. e4 of the row slices).
//
// Fetches the token words of the row tile (ids), then for each beat of the table row and each token row one beat. When
// all rows hold their beat, it takes the bank and adds the beat in lockstep, Lanes values a cycle: e0 RES read and next
// values, e1 sum, e2 RES write and squares, e3 lanes' sums, e4 row sums. Requests run ahead of the responses.
// Latency: memory + nb * (rvalid + words of a beat + 2) + 6 cycles, with ids also one cycle a token.
// Flow control: start only when ready; AXI client ports valid/ready; bank request/grant. The bank is
// held only while beats are processed, never while waiting for memory.
`default_nettype none

module embed_control #(
  parameter int TR        = 16,
  parameter int Lanes     = 4,
  parameter int AxiW      = 128,
  parameter int AxiAddrW  = 40,
  parameter int ResDepth  = 64,
  parameter int StatDepth = 2,
  parameter int TokensEn  = 1,
  // Derived, not to be set.
  parameter int ResAw     = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw    = (StatDepth > 1) ? $clog2(StatDepth) : 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                start_i,
  input  logic                first_i,        // with start_i or before it: forget the token words
  input  logic [       255:0] instr_i,
  input  logic [AxiAddrW-1:0] model_base_i,
  input  logic [AxiAddrW-1:0] job_input_i,
  output logic                active_o,
  output logic                work_o,
  output logic                wait_bank_o,
  output logic                done_o,
  // AXI read client.
  output logic                req_valid_o,
  output logic [AxiAddrW-1:0] req_addr_o,
  output logic [        23:0] req_beats_o,
  input  logic                req_ready_i,
  input  logic                rsp_valid_i,
  input  logic [    AxiW-1:0] rsp_data_i,
  output logic                rsp_ready_o,
  // Banks.
  output logic [         1:0] req_o,
  input  logic [         1:0] gnt_i,
  output logic [         1:0] res_re_o,
  output logic [   ResAw-1:0] res_raddr_o,
  output logic [         1:0] res_we_o,
  output logic [   Lanes-1:0] res_mask_o,
  output logic [   ResAw-1:0] res_waddr_o,
  output logic [         1:0] stat_we_o,
  output logic [  StatAw-1:0] stat_waddr_o,
  // Row slices.
  output logic [      TR-1:0] eb_load_o,
  output logic [    AxiW-1:0] eb_data_o,
  output logic                em_ld_o,
  output logic [         2:0] em_eshift_o,
  output logic                em_x_en_o,      // e1
  output logic                em_add_o,       // e1
  output logic                em_bank_o,      // e1
  output logic                em_sq_o,        // e2
  output logic [   Lanes-1:0] em_mask_o,      // e3
  output logic                em_sum_o,       // e3
  output logic                em_acc_o,       // e4
  output logic                ln_clr_o
);
  localparam int Values = AxiW / 8;
  localparam int BeatLsb = $clog2(Values);                           // byte address bits inside a beat
  localparam int BeatWords = (Values > Lanes) ? Values / Lanes : 1;  // words of a beat
  localparam int WordParts = (Lanes > Values) ? Lanes / Values : 1;  // beats of a word
  localparam int StepW = (BeatWords > 1) ? $clog2(BeatWords) : 1;
  localparam int PartW = (WordParts > 1) ? $clog2(WordParts) : 1;

  localparam logic [2:0] Idle = 3'd0;
  localparam logic [2:0] TokReq = 3'd1;   // token words: request,
  localparam logic [2:0] TokRsp = 3'd2;   // store
  localparam logic [2:0] Load = 3'd3;     // one beat a row
  localparam logic [2:0] Settle = 3'd4;   // the last row's beat arrives in its slice
  localparam logic [2:0] Add = 3'd5;      // lockstep
  localparam logic [2:0] Flush = 3'd6;
  localparam logic [2:0] Stat = 3'd7;

  logic [  2:0] state_q;
  logic [255:0] instr_q;
  logic [AxiAddrW-1:0] model_base_q;
  logic [ 12:0] dw;
  logic [  3:0] lastv;
  logic [ 11:0] nb;
  logic         bank;
  logic [  9:0] rt;
  logic         stat;
  logic         add;
  logic [ 12:0] n0;
  logic [  6:0] rvalid;
  logic [ 15:0] res_base;
  assign rt       = instr_q[bat_pkg::EmbedRtLsb+:bat_pkg::EmbedRtW];
  assign bank     = rt[0];
  assign dw       = instr_q[bat_pkg::EmbedDwLsb+:bat_pkg::EmbedDwW];
  assign lastv    = instr_q[bat_pkg::EmbedLastvLsb+:bat_pkg::EmbedLastvW];
  assign nb       = instr_q[bat_pkg::EmbedNbLsb+:bat_pkg::EmbedNbW];
  assign stat     = (TokensEn != 0) && instr_q[bat_pkg::EmbedStatLsb];
  assign add      = instr_q[bat_pkg::EmbedAddLsb];
  assign n0       = instr_q[bat_pkg::EmbedN0Lsb+:bat_pkg::EmbedN0W];
  assign rvalid   = instr_q[bat_pkg::EmbedRvalidLsb+:bat_pkg::EmbedRvalidW];
  assign res_base = instr_q[bat_pkg::EmbedResBaseLsb+:bat_pkg::EmbedResBaseW];

  logic tok_req_valid;
  logic tok_last;         // the last token word is stored in this cycle
  logic tok_rsp_ready;
  logic load_last;        // the last row's beat is taken in this cycle
  logic add_last;         // the last word of the beat is issued in this cycle
  logic row_last;         // ... and of the row
  logic pipe_empty;
  logic ids;
  logic issue;
  assign ids = (TokensEn != 0) && instr_i[bat_pkg::EmbedIdsLsb];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
    end else begin
      case (state_q)
        Idle: if (start_i) state_q <= ids ? TokReq : Load;
        TokReq: if (req_ready_i) state_q <= TokRsp;
        TokRsp: if (tok_last) state_q <= Load;
        Load: if (load_last) state_q <= Settle;
        Settle: state_q <= Add;
        Add: if (add_last) state_q <= row_last ? Flush : Load;
        Flush: if (pipe_empty) state_q <= stat ? Stat : Idle;
        default: if (gnt_i[bank]) state_q <= Idle;
      endcase
    end
  end
  always_ff @(posedge clk_i) begin
    if (start_i && state_q == Idle) begin
      instr_q      <= instr_i;
      model_base_q <= model_base_i;
    end
  end

  assign active_o    = (state_q != Idle);
  assign done_o      = (state_q == Flush && pipe_empty && !stat) || (state_q == Stat && gnt_i[bank]);
  assign ln_clr_o    = start_i && (state_q == Idle);
  assign wait_bank_o = (state_q == Add || state_q == Stat) && !gnt_i[bank];
  assign work_o      = active_o && !wait_bank_o && ((state_q != Load && state_q != TokRsp) || rsp_valid_i);

  // ---------------------------------------------------------------------------------------------------------------
  // Row requests: rows of a beat in turn. Stages: a0 row and beat (token words read), a1 table index, a2 index * nb,
  // a3 the request; all wait together.
  logic                ahead_q;     // requests left
  logic [         6:0] a_row_q;
  logic [        11:0] a_beat_q;
  logic                a_ce;
  logic [         2:0] a_valid_q;
  logic [         6:0] row1_q;
  logic [      3*12-1:0] beat_pipe_q;
  logic [        23:0] index;
  logic [        23:0] index2_q;
  logic [        35:0] product3_q;
  logic                row_req_valid_q;
  logic [AxiAddrW-1:0] row_req_addr_q;
  logic [        63:0] table_beat;

  assign a_ce = !row_req_valid_q || req_ready_i;

  logic [23:0] token_id;
  logic        token_seg;
  assign index = (instr_q[bat_pkg::EmbedKindLsb+:2] == 2'd1) ? token_id
               : (24'(n0) + 24'(row1_q) + (token_seg ? 24'(instr_q[bat_pkg::EmbedPosRowsLsb+:bat_pkg::EmbedPosRowsW])
                                                      : 24'd0));
  assign table_beat = 64'(product3_q) + 64'(beat_pipe_q[24+:12])
                    + 64'(instr_q[bat_pkg::EmbedTableLsb+:bat_pkg::EmbedTableW]);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ahead_q         <= 1'b0;
      a_valid_q       <= 3'b000;
      row_req_valid_q <= 1'b0;
    end else begin
      if ((start_i && state_q == Idle && !ids) || (state_q == TokRsp && tok_last)) begin
        ahead_q <= 1'b1;
      end else if (a_ce && a_row_q + 7'd1 == rvalid && a_beat_q + 12'd1 == nb) begin
        ahead_q <= 1'b0;
      end
      if (a_ce) begin
        a_valid_q       <= {a_valid_q[1:0], ahead_q};
        row_req_valid_q <= a_valid_q[2];
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (!ahead_q) begin
      a_row_q  <= 7'd0;
      a_beat_q <= 12'd0;
    end else if (a_ce) begin
      a_row_q <= a_row_q + 7'd1;
      if (a_row_q + 7'd1 == rvalid) begin
        a_row_q  <= 7'd0;
        a_beat_q <= a_beat_q + 12'd1;
      end
    end
    if (a_ce) begin
      row1_q         <= a_row_q;
      index2_q       <= index;
      product3_q     <= 36'(index2_q) * 36'(nb);
      beat_pipe_q    <= {beat_pipe_q[23:0], a_beat_q};
      row_req_addr_q <= model_base_q + AxiAddrW'(table_beat << BeatLsb);
    end
  end

  // ---------------------------------------------------------------------------------------------------------------
  // Token words.
  logic [AxiAddrW-1:0] tok_req_addr;
  logic [        23:0] tok_req_beats;
  if (TokensEn != 0) begin : gen_tokens
    localparam int BeatTokens = AxiW / 32;
    localparam int PosW = (BeatTokens > 1) ? $clog2(BeatTokens) : 1;
    localparam int RowAw = (TR > 1) ? $clog2(TR) : 1;
    localparam logic [12:0] PosMask = 13'(BeatTokens - 1);

    logic [AxiAddrW-1:0] job_input_q;
    logic [         6:0] tok_q;     // token row
    logic [    PosW-1:0] pos_q;     // token word inside the beat
    logic                known_q;   // token words were fetched in this job
    logic                store;
    logic [        31:0] word;
    logic [        24:0] token;
    logic [        12:0] offset;

    assign offset        = n0 & PosMask;
    assign tok_req_valid = (state_q == TokReq);
    assign tok_req_addr  = job_input_q + AxiAddrW'({n0 & ~PosMask, 2'b00});
    assign tok_req_beats = 24'((32'(offset) + 32'(rvalid) + BeatTokens - 1) / BeatTokens);
    assign store         = (state_q == TokRsp) && rsp_valid_i;
    assign tok_last      = store && (tok_q + 7'd1 == rvalid);
    assign tok_rsp_ready = (state_q == TokRsp) && (tok_last || pos_q == PosW'(BeatTokens - 1));
    if (BeatTokens > 1) begin : gen_select
      assign word = rsp_data_i[{pos_q, 5'd0}+:32];
    end else begin : gen_whole
      assign word = rsp_data_i;
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) known_q <= 1'b0;
      else if (first_i) known_q <= 1'b0;
      else if (tok_last) known_q <= 1'b1;
    end
    always_ff @(posedge clk_i) begin
      if (start_i && state_q == Idle) job_input_q <= job_input_i;
      if (state_q == TokReq) begin
        tok_q <= 7'd0;
        pos_q <= PosW'(offset);
      end else if (store) begin
        tok_q <= tok_q + 7'd1;
        pos_q <= (BeatTokens > 1) ? (pos_q + 1'b1) : '0;
      end
    end

    bat_ram #(
      .Width(25),
      .Depth(TR)
    ) u_tokens (
      .clk_i,
      .we_i   (store),
      .waddr_i(tok_q[RowAw-1:0]),
      .wdata_i({word[31], word[23:0]}),
      .re_i   (a_ce),
      .raddr_i(a_row_q[RowAw-1:0]),
      .rdata_o(token)
    );
    assign token_id  = token[23:0];
    assign token_seg = token[24] && known_q;

    /* verilator lint_off UNUSED */
    wire unused_word = |word[30:24];
    /* verilator lint_on UNUSED */
  end else begin : gen_no_tokens
    assign tok_req_valid = 1'b0;
    assign tok_req_addr  = '0;
    assign tok_req_beats = 24'd0;
    assign tok_last      = 1'b0;
    assign tok_rsp_ready = 1'b0;
    assign token_id      = 24'd0;
    assign token_seg     = 1'b0;
    /* verilator lint_off UNUSED */
    wire unused_tokens = |{job_input_i, first_i};
    /* verilator lint_on UNUSED */
  end

  assign req_valid_o = tok_req_valid || row_req_valid_q;
  assign req_addr_o  = tok_req_valid ? tok_req_addr : row_req_addr_q;
  assign req_beats_o = tok_req_valid ? tok_req_beats : 24'd1;
  assign rsp_ready_o = tok_rsp_ready || (state_q == Load);

  // ---------------------------------------------------------------------------------------------------------------
  // Beats to the rows.
  logic [  6:0] row_q;
  logic         take;
  logic [TR-1:0] eb_load_q;
  logic [AxiW-1:0] eb_data_q;
  assign take      = (state_q == Load) && rsp_valid_i;
  assign load_last = take && (row_q + 7'd1 == rvalid);
  always_ff @(posedge clk_i) begin
    if (state_q != Load) row_q <= 7'd0;
    else if (take) row_q <= row_q + 7'd1;
    if (take) eb_data_q <= rsp_data_i;
    for (int r = 0; r < TR; r = r + 1) eb_load_q[r] <= take && (row_q == 7'(r));
  end
  assign eb_load_o = eb_load_q;
  assign eb_data_o = eb_data_q;

  // ---------------------------------------------------------------------------------------------------------------
  // Lockstep: e0 .. e4.
  logic [     12:0] word_q;      // words of the row done
  logic [StepW-1:0] step_q;      // word of the beat
  logic [PartW-1:0] part_q;      // beat of the word
  logic [     11:0] beats_q;     // beats of the row done; the last may leave a word with parts missing
  logic             part_last;
  logic             word_last;
  logic [      3:0] valid_q;     // e1 .. e4
  logic [Lanes-1:0] mask0;
  logic [Lanes*3-1:0] mask_q;    // e1 .. e3
  logic [ResAw*2-1:0] addr_q;    // e1, e2

  assign issue     = (state_q == Add) && gnt_i[bank];
  assign part_last = (part_q == PartW'(WordParts - 1));
  assign word_last = (word_q + 13'd1 == dw);
  assign add_last  = issue && (word_last || step_q == StepW'(BeatWords - 1));
  assign row_last  = word_last && (part_last || beats_q + 12'd1 == nb);

  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_mask
    assign mask0[l] = (!word_last || 4'(l) < lastv) && (32'(part_q) == l / Values);
  end

  always_ff @(posedge clk_i) begin
    if (state_q == Idle) begin
      word_q  <= 13'd0;
      part_q  <= '0;
      beats_q <= 12'd0;
    end else if (issue) begin
      if (part_last) begin
        part_q <= '0;
        word_q <= word_q + 13'd1;
      end else begin
        part_q <= part_q + 1'b1;
      end
      if (add_last) beats_q <= beats_q + 12'd1;
    end
    if (state_q != Add) step_q <= '0;
    else if (issue) step_q <= step_q + 1'b1;
    mask_q <= {mask_q[Lanes*2-1:0], mask0};
    addr_q <= {addr_q[ResAw-1:0], res_raddr_o};
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 4'd0;
    else valid_q <= {valid_q[2:0], issue};
  end

  assign pipe_empty   = (valid_q == 4'd0);
  assign req_o        = {bank, !bank} & {2{state_q == Settle || state_q == Add || state_q == Flush || state_q == Stat
                                           || (active_o && !pipe_empty)}};
  assign res_re_o     = {bank, !bank} & {2{issue && add}};
  assign res_raddr_o  = res_base[ResAw-1:0] + ResAw'(word_q);
  assign res_we_o     = {bank, !bank} & {2{valid_q[1]}};
  assign res_mask_o   = mask_q[Lanes+:Lanes];
  assign res_waddr_o  = addr_q[ResAw+:ResAw];
  assign stat_we_o    = {bank, !bank} & {2{state_q == Stat && gnt_i[bank]}};
  assign stat_waddr_o = StatAw'(rt[9:1]);
  assign em_ld_o      = issue;
  assign em_eshift_o  = instr_q[bat_pkg::EmbedEshiftLsb+:bat_pkg::EmbedEshiftW];
  assign em_x_en_o    = valid_q[0];
  assign em_add_o     = add;
  assign em_bank_o    = bank;
  assign em_sq_o      = valid_q[1];
  assign em_mask_o    = mask_q[Lanes*2+:Lanes];
  assign em_sum_o     = valid_q[2];
  assign em_acc_o     = valid_q[3] && stat;

  // Fields of other instructions; addresses have the width of the instruction fields.
  /* verilator lint_off UNUSED */
  wire unused_bits = |{instr_q, res_base, table_beat};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
