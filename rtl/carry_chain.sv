// SPDX-License-Identifier: Apache-2.0
// Carry chain of N slots: s_o[k] = p_i[k] ^ carry, next carry = p_i[k] ? carry : d_i[k].
// Combinational. On a device with dedicated carry cells these are CARRY4 or CARRY8.
`default_nettype none

module carry_chain #(
  parameter int N = 4
) (
  input  logic         c_i,
  input  logic [N-1:0] p_i,
  input  logic [N-1:0] d_i,
  output logic [N-1:0] s_o,
  output logic         c_o
);
  integer i;
  logic   carry;

  always_comb begin
    carry = c_i;
    for (i = 0; i < N; i = i + 1) begin
      s_o[i] = p_i[i] ^ carry;
      carry  = p_i[i] ? carry : d_i[i];
    end
    c_o = carry;
  end
endmodule

`default_nettype wire
