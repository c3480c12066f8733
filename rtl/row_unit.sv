// SPDX-License-Identifier: Apache-2.0
// ROW unit: executes LN, EMBED and FEAT for all row slices in lockstep (docs/architecture.md, section 5).
//
// Instructions enter and complete in order; the roots of an LN overlap the pass of the LN before, and EMBED fetches
// while an LN runs. Latencies and flow control: see ln_control, embed_control and feature_control.
`default_nettype none

module row_unit #(
  parameter int TR         = 16,
  parameter int TK         = 64,
  parameter int Lanes      = 4,
  parameter int MaxBits    = 1,
  parameter int MaxD       = 768,
  parameter int AxiW       = 128,
  parameter int AxiAddrW   = 40,
  parameter int ResDepth   = 64,  // words of one bank
  parameter int StatDepth  = 2,   // row tiles of one bank
  parameter int TokensEn   = 1,
  parameter int FeaturesEn = 1,
  parameter int EmbedBurst = 4,   // beats of a burst of an embedding row, power of two
  // Derived, not to be set.
  parameter int ResAw      = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw     = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int DW         = $clog2(MaxD + 1),
  parameter int SumW       = 16 + $clog2(MaxD),
  parameter int SqW        = 31 + $clog2(MaxD)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  // Unit port.
  input  logic                instr_valid_i,
  input  logic [       255:0] instr_i,
  input  logic                instr_first_i,   // first ROW instruction of its job: forgets the token words
  output logic                instr_ready_o,
  output logic                done_o,
  output logic                busy_o,
  output logic                stalled_o,
  input  logic [AxiAddrW-1:0] model_base_i,    // of the job of instr_i, sampled with it
  input  logic [AxiAddrW-1:0] job_input_i,
  // AXI read client.
  output logic                req_valid_o,
  output logic [AxiAddrW-1:0] req_addr_o,
  output logic [        23:0] req_beats_o,
  input  logic                req_ready_i,
  input  logic                rsp_valid_i,
  input  logic [    AxiW-1:0] rsp_data_i,
  output logic                rsp_ready_o,
  // L ring.
  input  logic [        15:0] l_head_i,
  output logic                l_re_o,
  output logic [        15:0] l_rd_addr_o,     // absolute word; address = count mod depth
  input  logic [Lanes*64-1:0] l_rd_data_i,     // in the cycle after l_re_o
  output logic                l_free_valid_o,
  output logic [        15:0] l_free_words_o,
  // Banks, to bank_arbiter.
  output logic [         1:0] ru_req_o,
  input  logic [         1:0] ru_gnt_i,
  output logic [         1:0] ru_res_re_o,
  output logic [   ResAw-1:0] ru_res_raddr_o,
  output logic [         1:0] ru_res_we_o,
  output logic [   Lanes-1:0] ru_res_mask_o,
  output logic [   ResAw-1:0] ru_res_waddr_o,
  output logic [         1:0] ru_stat_re_o,
  output logic [         1:0] ru_stat_we_o,
  output logic [  StatAw-1:0] ru_stat_raddr_o,
  output logic [  StatAw-1:0] ru_stat_waddr_o,
  // To the row slices; one bit a row in eb_load_o and xb_we_o.
  output logic [      TR-1:0] eb_load_o,
  output logic [    AxiW-1:0] eb_data_o,
  output logic                em_take_o,
  output logic                em_ld_o,
  output logic [         2:0] em_eshift_o,
  output logic                em_sq_o,
  output logic [   Lanes-1:0] em_mask_o,
  output logic                em_sum_o,
  output logic                ln_clr_o,
  output logic                ln_sum_en_o,     // sums of the rows change
  output logic [         1:0] ln_sum_sel_o,    // to: 0 with those of EMBED added, 1, 2 STAT bank 0, 1, 3 the next row's
  input  logic [    SumW-1:0] rt_sum_i,        // row 0's sums
  input  logic [     SqW-1:0] rt_sq_i,
  output logic                rt_take_shift_o,
  output logic                rt_take_rec_o,
  output logic [         4:0] rt_shift_o,      // results, to row TR-1
  output logic [        16:0] rt_rec_o,
  output logic                ln_start_o,
  output logic [         8:0] ln_en_o,
  output logic [      DW-1:0] ln_d_o,
  output logic [Lanes*16-1:0] ln_gain_o,
  output logic [         4:0] ln_shift_o,
  output logic [Lanes*16-1:0] ln_off_o,
  output logic [         1:0] ln_xsel_o,
  output logic                ln_bank_o,
  output logic [Lanes*32-1:0] ln_qoff_o,
  output logic [Lanes*17-1:0] ln_bound_o,
  output logic [        14:0] ln_qmul_o,
  output logic [         4:0] ln_qshift_o,
  output logic [         7:0] ln_cmax_o,
  output logic [         2:0] ln_psel_o,
  output logic [   Lanes-1:0] ln_mask_o,
  output logic [ MaxBits-1:0] ln_pk_en_o,
  output logic [         2:0] ln_pk_sel_o,
  output logic [      TR-1:0] xb_we_o,
  output logic [        15:0] xb_addr_o,
  output logic                xb_feat_o,
  output logic [      TK-1:0] xb_data_o
);
  // ---------------------------------------------------------------------------------------------------------------
  // Instructions enter in order: LN when the former LN's roots are done, FEAT when everything before is done. EMBED may
  // fetch its rows while an LN runs and adds them when that is done.
  logic [3:0] op;
  logic       is_ln;
  logic       is_embed;
  logic       accept;
  logic       ln_ready;
  logic       ln_idle;
  logic       ln_work;
  logic       ln_wait;
  logic       ln_done;
  logic       em_active;
  logic       em_use;      // EMBED has the data path
  logic       em_work;
  logic       em_wait;
  logic       em_done;
  logic       ft_active;
  logic       ft_work;
  logic       ft_done;
  assign op            = instr_i[bat_pkg::OpLsb+:bat_pkg::OpW];
  assign is_ln         = (op == 4'(bat_pkg::OpLn));
  assign is_embed      = (op == 4'(bat_pkg::OpEmbed));
  assign instr_ready_o = !em_active && !ft_active && (is_ln ? ln_ready : (is_embed || ln_idle));
  assign em_use        = em_active && ln_idle;
  assign accept        = instr_valid_i && instr_ready_o;
  assign done_o        = ln_done || em_done || ft_done;
  assign stalled_o     = ln_wait || em_wait;
  assign busy_o        = !stalled_o && (ln_work || em_work || ft_work);

  // ---------------------------------------------------------------------------------------------------------------
  logic [        1:0] ln_req;
  logic [        1:0] ln_res_re;
  logic [  ResAw-1:0] ln_res_raddr;
  logic [        1:0] ln_res_we;
  logic [  Lanes-1:0] ln_res_mask;
  logic [  ResAw-1:0] ln_res_waddr;
  logic [        8:0] ln_en;
  logic               ln_again;
  logic               ln_bank;
  logic               ln_xb_we;
  logic               ln_row0_only;
  logic [     TR-1:0] ln_rows;
  logic [       15:0] ln_xb_addr;
  logic               ln_ld;
  logic               ln_ld_bank;
  logic               rt_turn;
  logic               em_acc;

  ln_control #(
    .TR       (TR),
    .TK       (TK),
    .Lanes    (Lanes),
    .MaxBits  (MaxBits),
    .MaxD     (MaxD),
    .ResDepth (ResDepth),
    .StatDepth(StatDepth)
  ) u_ln (
    .clk_i,
    .rst_ni,
    .instr_valid_i (accept && is_ln),
    .instr_i,
    .instr_ready_o (ln_ready),
    .idle_o        (ln_idle),
    .work_o        (ln_work),
    .wait_bank_o   (ln_wait),
    .done_o        (ln_done),
    .l_head_i,
    .l_re_o,
    .l_rd_addr_o,
    .l_rd_data_i,
    .l_free_valid_o,
    .l_free_words_o,
    .req_o         (ln_req),
    .gnt_i         (ru_gnt_i),
    .res_re_o      (ln_res_re),
    .res_raddr_o   (ln_res_raddr),
    .res_we_o      (ln_res_we),
    .res_mask_o    (ln_res_mask),
    .res_waddr_o   (ln_res_waddr),
    .stat_re_o     (ru_stat_re_o),
    .stat_raddr_o  (ru_stat_raddr_o),
    .ln_ld_o       (ln_ld),
    .ln_ld_bank_o  (ln_ld_bank),
    .rt_sum_i,
    .rt_sq_i,
    .rt_turn_o     (rt_turn),
    .rt_take_shift_o,
    .rt_take_rec_o,
    .rt_shift_o,
    .rt_rec_o,
    .ln_start_o,
    .ln_en_o       (ln_en),
    .ln_d_o,
    .ln_gain_o,
    .ln_shift_o,
    .ln_off_o,
    .ln_again_o    (ln_again),
    .ln_bank_o     (ln_bank),
    .ln_qoff_o,
    .ln_bound_o,
    .ln_qmul_o,
    .ln_qshift_o,
    .ln_cmax_o,
    .ln_psel_o,
    .ln_mask_o,
    .ln_pk_en_o,
    .ln_pk_sel_o,
    .xb_we_o       (ln_xb_we),
    .row0_only_o   (ln_row0_only),
    .xb_addr_o     (ln_xb_addr)
  );

  // ---------------------------------------------------------------------------------------------------------------
  logic                em_req_valid;
  logic [AxiAddrW-1:0] em_req_addr;
  logic [        23:0] em_req_beats;
  logic                em_rsp_ready;
  logic [         1:0] em_req;
  logic [         1:0] em_res_re;
  logic [   ResAw-1:0] em_res_raddr;
  logic [         1:0] em_res_we;
  logic [   Lanes-1:0] em_res_mask;
  logic [   ResAw-1:0] em_res_waddr;
  logic                em_h_en;
  logic                em_x_en;
  logic                em_add;
  logic                em_bank;

  embed_control #(
    .TR        (TR),
    .Lanes     (Lanes),
    .AxiW      (AxiW),
    .AxiAddrW  (AxiAddrW),
    .ResDepth  (ResDepth),
    .StatDepth (StatDepth),
    .TokensEn  (TokensEn),
    .BurstBeats(EmbedBurst)
  ) u_embed (
    .clk_i,
    .rst_ni,
    .start_i     (accept && is_embed),
    .hold_i      (!ln_idle),
    .first_i     (accept && instr_first_i),
    .instr_i,
    .model_base_i,
    .job_input_i,
    .active_o    (em_active),
    .work_o      (em_work),
    .wait_bank_o (em_wait),
    .done_o      (em_done),
    .req_valid_o (em_req_valid),
    .req_addr_o  (em_req_addr),
    .req_beats_o (em_req_beats),
    .req_ready_i (req_ready_i),
    .rsp_valid_i,
    .rsp_data_i,
    .rsp_ready_o (em_rsp_ready),
    .req_o       (em_req),
    .gnt_i       (ru_gnt_i),
    .res_re_o    (em_res_re),
    .res_raddr_o (em_res_raddr),
    .res_we_o    (em_res_we),
    .res_mask_o  (em_res_mask),
    .res_waddr_o (em_res_waddr),
    .stat_we_o   (ru_stat_we_o),
    .stat_waddr_o(ru_stat_waddr_o),
    .eb_load_o,
    .eb_data_o,
    .em_take_o,
    .em_ld_o,
    .em_eshift_o,
    .em_h_en_o   (em_h_en),
    .em_x_en_o   (em_x_en),
    .em_add_o    (em_add),
    .em_bank_o   (em_bank),
    .em_sq_o,
    .em_mask_o,
    .em_sum_o,
    .em_acc_o    (em_acc),
    .ln_clr_o
  );

  // ---------------------------------------------------------------------------------------------------------------
  logic                ft_req_valid;
  logic [AxiAddrW-1:0] ft_req_addr;
  logic [        23:0] ft_req_beats;
  logic                ft_rsp_ready;
  logic [      TR-1:0] ft_xb_we;
  logic [        15:0] ft_xb_addr;

  if (FeaturesEn != 0) begin : gen_features
    feature_control #(
      .TR      (TR),
      .TK      (TK),
      .AxiW    (AxiW),
      .AxiAddrW(AxiAddrW)
    ) u_features (
      .clk_i,
      .rst_ni,
      .start_i    (accept && op == 4'(bat_pkg::OpFeat)),
      .instr_i,
      .job_input_i,
      .active_o   (ft_active),
      .work_o     (ft_work),
      .done_o     (ft_done),
      .req_valid_o(ft_req_valid),
      .req_addr_o (ft_req_addr),
      .req_beats_o(ft_req_beats),
      .req_ready_i,
      .rsp_valid_i,
      .rsp_data_i,
      .rsp_ready_o(ft_rsp_ready),
      .xb_we_o    (ft_xb_we),
      .xb_addr_o  (ft_xb_addr),
      .xb_data_o
    );
  end else begin : gen_no_features
    assign ft_active    = 1'b0;
    assign ft_work      = 1'b0;
    assign ft_done      = 1'b0;
    assign ft_req_valid = 1'b0;
    assign ft_req_addr  = '0;
    assign ft_req_beats = 24'd0;
    assign ft_rsp_ready = 1'b0;
    assign ft_xb_we     = '0;
    assign ft_xb_addr   = 16'd0;
    assign xb_data_o    = '0;
  end

  // ---------------------------------------------------------------------------------------------------------------
  // One of the three has the ports.
  assign req_valid_o    = em_req_valid || ft_req_valid;
  assign req_addr_o     = ft_active ? ft_req_addr : em_req_addr;
  assign req_beats_o    = ft_active ? ft_req_beats : em_req_beats;
  assign rsp_ready_o    = em_rsp_ready || ft_rsp_ready;
  assign ru_req_o       = ln_req | em_req;
  assign ru_res_re_o    = ln_res_re | em_res_re;
  assign ru_res_raddr_o = em_use ? em_res_raddr : ln_res_raddr;
  assign ru_res_we_o    = ln_res_we | em_res_we;
  assign ru_res_mask_o  = em_use ? em_res_mask : ln_res_mask;
  assign ru_res_waddr_o = em_use ? em_res_waddr : ln_res_waddr;
  assign ln_en_o        = {ln_en[8:7], ln_en[6] || em_x_en, ln_en[5] || em_h_en, ln_en[4:1], ln_en[0] || em_sq_o};
  assign ln_xsel_o      = em_use ? {1'b1, em_add} : {1'b0, ln_again};
  assign ln_bank_o      = em_use ? em_bank : ln_bank;
  assign xb_feat_o      = ft_active;
  assign ln_sum_en_o    = em_acc || ln_ld || rt_turn;
  assign ln_sum_sel_o   = rt_turn ? 2'd3 : (ln_ld ? {ln_ld_bank, !ln_ld_bank} : 2'd0);
  for (genvar r = 0; r < TR; r = r + 1) begin : gen_ln_row
    assign ln_rows[r] = ln_xb_we && (r == 0 || !ln_row0_only);
  end
  assign xb_we_o        = ft_active ? ft_xb_we : ln_rows;
  assign xb_addr_o      = ft_active ? ft_xb_addr : ln_xb_addr;
endmodule

`default_nettype wire
