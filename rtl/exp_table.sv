// SPDX-License-Identifier: Apache-2.0
// E = M[t mod 32] >> (t div 32), M[k] = floor(2^15 * 2^(-k/32) + 1/2) (docs/numerics.md, section 6). Combinational.
`default_nettype none

module exp_table (
  input  logic [ 8:0] t_i,
  output logic [15:0] e_o
);
  localparam logic [511:0] Table = {
    16'd16743, 16'd17109, 16'd17484, 16'd17867, 16'd18258, 16'd18658, 16'd19066, 16'd19484,
    16'd19911, 16'd20347, 16'd20792, 16'd21247, 16'd21713, 16'd22188, 16'd22674, 16'd23170,
    16'd23678, 16'd24196, 16'd24726, 16'd25268, 16'd25821, 16'd26386, 16'd26964, 16'd27554,
    16'd28158, 16'd28774, 16'd29405, 16'd30048, 16'd30706, 16'd31379, 16'd32066, 16'd32768
  };
  logic [15:0] mantissa;

  assign mantissa = Table[{t_i[4:0], 4'd0}+:16];
  assign e_o      = mantissa >> t_i[8:5];
endmodule

`default_nettype wire
