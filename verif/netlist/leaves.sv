// SPDX-License-Identifier: Apache-2.0
// Leaves in shapes that the configuration `micro` has not, gathered so that one run maps them all. The netlist check gives
// each of them random inputs of its own; here they only have to be connected.
`default_nettype none

module leaves (
  input  wire          clk_i,
  input  wire          rst_ni,
  input  wire  [237:0] in_i,
  output logic [228:0] out_o
);
  softmax_lane #(
    .ScoreW(11)
  ) u_softmax_lane (
    .clk_i   (clk_i),
    .en_i    (in_i[6:0]),
    .score_i (in_i[17:7]),
    .max_i   (in_i[28:18]),
    .imul_i  (in_i[44:29]),
    .ishift_i(in_i[49:45]),
    .mask_i  (in_i[50]),
    .rec_i   (in_i[71:51]),
    .pshift_i(in_i[77:72]),
    .cmax_i  (in_i[85:78]),
    .e_o     (out_o[15:0]),
    .code_o  (out_o[23:16])
  );

  scale_lane #(
    .BR  (2),
    .AccW(20)
  ) u_scale_lane (
    .clk_i  (clk_i),
    .en_i   (in_i[4:0]),
    .acc_i  (in_i[44:5]),
    .zz_i   (in_i[64:45]),
    .mul_i  (in_i[96:65]),
    .off_i  (in_i[144:97]),
    .shift_i(in_i[150:145]),
    .diff_o (out_o[43:24]),
    .v_o    (out_o[91:44])
  );

  bat_fifo #(
    .Width(16),
    .Depth(6)
  ) u_fifo (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (in_i[0]),
    .in_ready_o (out_o[92]),
    .in_data_i  (in_i[16:1]),
    .out_valid_o(out_o[93]),
    .out_ready_i(in_i[17]),
    .out_data_o (out_o[109:94]),
    .count_o    (out_o[112:110])
  );

  lut6_match3 u_match3 (
    .a_i    (in_i[2:0]),
    .b_i    (in_i[5:3]),
    .count_o(out_o[114:113])
  );

  lut6_count6 u_count6 (
    .x_i    (in_i[5:0]),
    .count_o(out_o[117:115])
  );

  // Ripple adders of the adder leaves: on standard cells these are FAX1 and HAX1.
  logic [109:0] carry;

  ha u_ha (
    .a_i (in_i[0]),
    .b_i (in_i[128]),
    .s_o (out_o[118]),
    .co_o(carry[0])
  );

  for (genvar i = 0; i < 109; i = i + 1) begin : gen_fa
    fa u_fa (
      .a_i (in_i[1+i]),
      .b_i (in_i[129+i]),
      .c_i (carry[i]),
      .s_o (out_o[119+i]),
      .co_o(carry[i+1])
    );
  end

  assign out_o[228] = carry[109];
endmodule

`default_nettype wire
