// SPDX-License-Identifier: Apache-2.0
// Control of EMBED instructions (docs/architecture.md, section 5; stages e0 .. e5 of the row slices).
//
// Fetches the token words of the row tile (ids), then table rows in groups of BurstBeats beats: for each group, for each
// token row, one burst into a buffer of four groups. From there beat after beat goes to the row slices; when all rows
// hold theirs, the bank is taken and the beat added in lockstep, Lanes values a cycle: e0 RES read, e1 RES word and next
// values taken, e2 sum, e3 RES write and squares, e4 lanes' sums, e5 row sums. Requests, distribution and addition of
// three successive stretches run at the same time.
// Latency: memory + rvalid * BurstBeats + nb * max(rvalid + 3, words of a beat) + about 16 cycles, with ids also memory
// and one cycle a token. Flow control: start only when ready; AXI client ports valid/ready; bank request/grant. The
// bank is held only while beats are processed, never while waiting for memory.
`default_nettype none

module embed_control #(
  parameter int TR        = 16,
  parameter int Lanes     = 4,
  parameter int AxiW      = 128,
  parameter int AxiAddrW  = 40,
  parameter int ResDepth  = 64,
  parameter int StatDepth = 2,
  parameter int TokensEn  = 1,
  parameter int BurstBeats = 4,  // beats of a burst of a table row, power of two
  // Derived, not to be set.
  parameter int ResAw     = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw    = (StatDepth > 1) ? $clog2(StatDepth) : 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                start_i,
  input  logic                hold_i,         // an instruction before still uses the data path: fetch only
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
  output logic                em_take_o,      // before e1: all rows hold a beat, it becomes the current one
  output logic                em_ld_o,        // e1
  output logic [         2:0] em_eshift_o,
  output logic                em_h_en_o,      // e1
  output logic                em_x_en_o,      // e2
  output logic                em_add_o,       // e1, e2
  output logic                em_bank_o,      // e1
  output logic                em_sq_o,        // e3
  output logic [   Lanes-1:0] em_mask_o,      // e3
  output logic                em_sum_o,       // e4
  output logic                em_acc_o,       // e5
  output logic                ln_clr_o
);
  localparam int Values = AxiW / 8;
  localparam int BeatLsb = $clog2(Values);                           // byte address bits inside a beat
  localparam int BeatWords = (Values > Lanes) ? Values / Lanes : 1;  // words of a beat
  localparam int WordParts = (Lanes > Values) ? Lanes / Values : 1;  // beats of a word
  localparam int StepW = (BeatWords > 1) ? $clog2(BeatWords) : 1;
  localparam int PartW = (WordParts > 1) ? $clog2(WordParts) : 1;

  localparam int BurstLog = $clog2(BurstBeats);
  localparam int RowW = (TR > 1) ? $clog2(TR) : 1;
  localparam int BufferW = 2 + RowW + BurstLog;

  localparam logic [2:0] Idle = 3'd0;
  localparam logic [2:0] TokReq = 3'd1;   // token words: request,
  localparam logic [2:0] TokRsp = 3'd2;   // store
  localparam logic [2:0] Rows = 3'd3;     // table rows
  localparam logic [2:0] Flush = 3'd4;
  localparam logic [2:0] Stat = 3'd5;

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
  logic add_last;         // the last word of the beat is issued in this cycle
  logic row_last;         // ... and of the row
  logic pipe_empty;
  logic ids;
  logic issue;
  logic read;             // a beat on its way from the buffer to its row
  logic full_q;           // all rows have a beat, or get it in this cycle
  logic adding_q;
  logic take;             // the beat that all rows have becomes the current one
  logic [11:0] beats_q;   // beats of the row done; the last may leave a word with parts missing
  assign ids = (TokensEn != 0) && instr_i[bat_pkg::EmbedIdsLsb];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
    end else begin
      case (state_q)
        Idle: if (start_i) state_q <= ids ? TokReq : Rows;
        TokReq: if (req_ready_i) state_q <= TokRsp;
        TokRsp: if (tok_last) state_q <= Rows;
        Rows: if (add_last && row_last) state_q <= Flush;
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
  assign ln_clr_o    = take && !adding_q && beats_q == 12'd0;
  assign wait_bank_o = (adding_q || state_q == Stat) && !gnt_i[bank];
  assign work_o      = active_o && !wait_bank_o
                    && ((state_q != Rows && state_q != TokRsp) || rsp_valid_i || read || full_q || adding_q);

  // ---------------------------------------------------------------------------------------------------------------
  // Row requests: the rows of a group in turn, as long as a quarter of the buffer is free. Stages: a0 row and group (token
  // words read), a1 table index, a2 index * nb, a3 the request; all wait together.
  logic                ahead_q;     // requests left
  logic [         6:0] a_row_q;
  logic [        11:0] a_group_q;
  logic [        11:0] a_beat;
  logic                a_walk;
  logic                a_last;      // last row of the last group
  logic                a_ce;
  logic [         2:0] a_valid_q;
  logic [         6:0] row1_q;
  logic [      3*12-1:0] beat_pipe_q;
  logic [        23:0] index;
  logic [        23:0] index2_q;
  logic [        35:0] product3_q;
  logic                row_req_valid_q;
  logic [AxiAddrW-1:0] row_req_addr_q;
  logic [        11:0] row_req_beats_q;
  logic [        63:0] table_beat;
  logic [        11:0] beats_left3;
  logic [        11:0] group_q;     // group that goes to the rows

  assign a_ce        = !row_req_valid_q || req_ready_i;
  assign a_beat      = 12'(a_group_q << BurstLog);
  assign a_walk      = ahead_q && a_ce && (a_group_q - group_q) < 12'd4;
  assign a_last      = (a_row_q + 7'd1 == rvalid) && 13'(a_beat) + 13'(BurstBeats) >= 13'(nb);
  assign beats_left3 = nb - beat_pipe_q[24+:12];

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
      end else if (a_walk && a_last) begin
        ahead_q <= 1'b0;
      end
      if (a_ce) begin
        a_valid_q       <= {a_valid_q[1:0], a_walk};
        row_req_valid_q <= a_valid_q[2];
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (state_q == Idle) begin
      a_row_q   <= 7'd0;
      a_group_q <= 12'd0;
    end else if (a_walk) begin
      a_row_q <= a_row_q + 7'd1;
      if (a_row_q + 7'd1 == rvalid) begin
        a_row_q   <= 7'd0;
        a_group_q <= a_group_q + 12'd1;
      end
    end
    if (a_ce) begin
      row1_q          <= a_row_q;
      index2_q        <= index;
      product3_q      <= 36'(index2_q) * 36'(nb);
      beat_pipe_q     <= {beat_pipe_q[23:0], a_beat};
      row_req_addr_q  <= model_base_q + AxiAddrW'(table_beat << BeatLsb);
      row_req_beats_q <= (beats_left3 < 12'(BurstBeats)) ? beats_left3 : 12'(BurstBeats);
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
    localparam logic [15:0] PosMask = 16'(BeatTokens - 1);

    logic [AxiAddrW-1:0] job_input_q;
    logic [         6:0] tok_q;     // token row
    logic [    PosW-1:0] pos_q;     // token word inside the beat
    logic                known_q;   // token words were fetched in this job
    logic                store;
    logic [        31:0] word;
    logic [        24:0] token;
    logic [        15:0] in_row;
    logic [        15:0] offset;

    assign in_row        = instr_q[bat_pkg::EmbedInRowLsb+:bat_pkg::EmbedInRowW];
    assign offset        = in_row & PosMask;
    assign tok_req_valid = (state_q == TokReq);
    assign tok_req_addr  = job_input_q + AxiAddrW'({in_row & ~PosMask, 2'b00});
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
  assign req_beats_o = tok_req_valid ? tok_req_beats : 24'(row_req_beats_q);
  assign rsp_ready_o = tok_rsp_ready || (state_q == Rows);

  // ---------------------------------------------------------------------------------------------------------------
  // Beats into the buffer, in the order of the requests: word {group mod 4, row, beat of the group}.
  logic               store_beat;
  logic [        6:0] in_row_q;
  logic [        6:0] in_part_q;      // beat of the group
  logic [       11:0] in_group_q;
  logic [       11:0] in_left;        // beats of the row from this group on
  logic               in_part_last;
  logic [BufferW-1:0] in_addr;
  assign store_beat   = (state_q == Rows) && rsp_valid_i;
  assign in_left      = nb - 12'(in_group_q << BurstLog);
  assign in_part_last = (in_part_q + 7'd1 == 7'(BurstBeats)) || 12'(in_part_q) + 12'd1 == in_left;
  assign in_addr      = (BufferW'({in_group_q[1:0], RowW'(in_row_q)}) << BurstLog) | BufferW'(in_part_q);
  always_ff @(posedge clk_i) begin
    if (state_q == Idle) begin
      in_row_q   <= 7'd0;
      in_part_q  <= 7'd0;
      in_group_q <= 12'd0;
    end else if (store_beat) begin
      in_part_q <= in_part_q + 7'd1;
      if (in_part_last) begin
        in_part_q <= 7'd0;
        in_row_q  <= in_row_q + 7'd1;
        if (in_row_q + 7'd1 == rvalid) begin
          in_row_q   <= 7'd0;
          in_group_q <= in_group_q + 12'd1;
        end
      end
    end
  end

  // ---------------------------------------------------------------------------------------------------------------
  // Beats to the rows: when a group is complete, and the rows have passed on the beat before.
  logic               read_last;      // the last row's
  logic               ready_q;        // all rows have their beat
  logic [        6:0] row_q;
  logic [        6:0] out_part_q;      // beat of the group
  logic [       11:0] out_left;
  logic               out_part_last;
  logic [BufferW-1:0] out_addr;
  logic [     TR-1:0] eb_load_q;
  assign read          = (state_q == Rows) && !full_q && (in_group_q != group_q);
  assign read_last     = read && (row_q + 7'd1 == rvalid);
  assign out_left      = nb - 12'(group_q << BurstLog);
  assign out_part_last = (out_part_q + 7'd1 == 7'(BurstBeats)) || 12'(out_part_q) + 12'd1 == out_left;
  assign out_addr      = (BufferW'({group_q[1:0], RowW'(row_q)}) << BurstLog) | BufferW'(out_part_q);
  assign take          = ready_q && !hold_i && (!adding_q || add_last);
  always_ff @(posedge clk_i) begin
    if (state_q == Idle) begin
      row_q     <= 7'd0;
      out_part_q <= 7'd0;
      group_q   <= 12'd0;
    end else if (read) begin
      row_q <= read_last ? 7'd0 : row_q + 7'd1;
      if (read_last) out_part_q <= out_part_last ? 7'd0 : out_part_q + 7'd1;
      if (read_last && out_part_last) group_q <= group_q + 12'd1;
    end
    for (int r = 0; r < TR; r = r + 1) eb_load_q[r] <= read && (row_q == 7'(r));
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      full_q   <= 1'b0;
      ready_q  <= 1'b0;
      adding_q <= 1'b0;
    end else begin
      if (read_last) full_q <= 1'b1;
      else if (take) full_q <= 1'b0;
      ready_q  <= full_q && !take;
      if (take) adding_q <= 1'b1;
      else if (add_last) adding_q <= 1'b0;
    end
  end
  bat_ram #(
    .Width(AxiW),
    .Depth(4 * (1 << RowW) * BurstBeats)
  ) u_beats (
    .clk_i,
    .we_i   (store_beat),
    .waddr_i(in_addr),
    .wdata_i(rsp_data_i),
    .re_i   (read),
    .raddr_i(out_addr),
    .rdata_o(eb_data_o)
  );
  assign eb_load_o = eb_load_q;
  assign em_take_o = take_q;  // the last values of the beat before are taken in this cycle

  // ---------------------------------------------------------------------------------------------------------------
  // Lockstep: e0 .. e5.
  logic [     12:0] word_q;      // words of the row done
  logic [StepW-1:0] step_q;      // word of the beat
  logic [PartW-1:0] part_q;      // beat of the word
  logic             part_last;
  logic             word_last;
  logic             take_q;
  logic [      4:0] valid_q;     // e1 .. e5
  logic [Lanes-1:0] mask0;
  logic [Lanes*3-1:0] mask_q;    // e1 .. e3
  logic [ResAw*3-1:0] addr_q;    // e1 .. e3

  assign issue     = adding_q && gnt_i[bank];
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
    if (take) step_q <= '0;
    else if (issue) step_q <= step_q + 1'b1;
    mask_q <= {mask_q[Lanes*2-1:0], mask0};
    addr_q <= {addr_q[ResAw*2-1:0], res_raddr_o};
    take_q <= take;
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 5'd0;
    else valid_q <= {valid_q[3:0], issue};
  end

  assign pipe_empty   = (valid_q == 5'd0);
  assign req_o        = {bank, !bank} & {2{adding_q || state_q == Flush || state_q == Stat || (active_o && !pipe_empty)}};
  assign res_re_o     = {bank, !bank} & {2{issue && add}};
  assign res_raddr_o  = res_base[ResAw-1:0] + ResAw'(word_q);
  assign res_we_o     = {bank, !bank} & {2{valid_q[2]}};
  assign res_mask_o   = mask_q[Lanes*2+:Lanes];
  assign res_waddr_o  = addr_q[ResAw*2+:ResAw];
  assign stat_we_o    = {bank, !bank} & {2{state_q == Stat && gnt_i[bank]}};
  assign stat_waddr_o = StatAw'(rt[9:1]);
  assign em_ld_o      = valid_q[0];
  assign em_eshift_o  = instr_q[bat_pkg::EmbedEshiftLsb+:bat_pkg::EmbedEshiftW];
  assign em_h_en_o    = valid_q[0];
  assign em_x_en_o    = valid_q[1];
  assign em_add_o     = add;
  assign em_bank_o    = bank;
  assign em_sq_o      = valid_q[2];
  assign em_mask_o    = mask_q[Lanes*2+:Lanes];
  assign em_sum_o     = valid_q[3];
  assign em_acc_o     = valid_q[4] && stat;

  // Fields of other instructions; addresses have the width of the instruction fields.
  /* verilator lint_off UNUSED */
  wire unused_bits = |{instr_q, res_base, table_beat};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
