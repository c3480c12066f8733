// SPDX-License-Identifier: Apache-2.0
// Small design with the ports of bat_top for the tests of the simulator itself: a job reads one beat
// at JOB_INPUT, adds one and writes it to JOB_OUTPUT. JOB_PROGRAM selects a fault: 1 waits for ever,
// 2 drops AWVALID before AWREADY, 3 leaves WLAST low.
`default_nettype none

module bat_top (
  input  wire         clk_i,
  input  wire         rst_ni,
  output logic        irq_o,
  input  wire  [ 7:0] s_axil_awaddr_i,
  input  wire         s_axil_awvalid_i,
  output logic        s_axil_awready_o,
  input  wire  [31:0] s_axil_wdata_i,
  input  wire  [ 3:0] s_axil_wstrb_i,
  input  wire         s_axil_wvalid_i,
  output logic        s_axil_wready_o,
  output logic [ 1:0] s_axil_bresp_o,
  output logic        s_axil_bvalid_o,
  input  wire         s_axil_bready_i,
  input  wire  [ 7:0] s_axil_araddr_i,
  input  wire         s_axil_arvalid_i,
  output logic        s_axil_arready_o,
  output logic [31:0] s_axil_rdata_o,
  output logic [ 1:0] s_axil_rresp_o,
  output logic        s_axil_rvalid_o,
  input  wire         s_axil_rready_i,
  output logic [31:0] m_axi_araddr_o,
  output logic [ 7:0] m_axi_arlen_o,
  output logic [ 2:0] m_axi_arsize_o,
  output logic [ 1:0] m_axi_arburst_o,
  output logic        m_axi_arvalid_o,
  input  wire         m_axi_arready_i,
  input  wire  [63:0] m_axi_rdata_i,
  input  wire  [ 1:0] m_axi_rresp_i,
  input  wire         m_axi_rlast_i,
  input  wire         m_axi_rvalid_i,
  output logic        m_axi_rready_o,
  output logic [31:0] m_axi_awaddr_o,
  output logic [ 7:0] m_axi_awlen_o,
  output logic [ 2:0] m_axi_awsize_o,
  output logic [ 1:0] m_axi_awburst_o,
  output logic        m_axi_awvalid_o,
  input  wire         m_axi_awready_i,
  output logic [63:0] m_axi_wdata_o,
  output logic [ 7:0] m_axi_wstrb_o,
  output logic        m_axi_wlast_o,
  output logic        m_axi_wvalid_o,
  input  wire         m_axi_wready_i,
  input  wire  [ 1:0] m_axi_bresp_i,
  input  wire         m_axi_bvalid_i,
  output logic        m_axi_bready_o
);
  logic [31:0] regs_q[0:63];
  logic        push, failed_q;
  logic [ 2:0] state_q;  // 0 idle, 1 AR, 2 R, 3 AW, 4 W, 5 B
  logic [63:0] data_q;

  wire write = s_axil_awvalid_i && s_axil_wvalid_i && !s_axil_bvalid_o;
  assign s_axil_awready_o = write;
  assign s_axil_wready_o  = write;
  assign s_axil_bresp_o   = 2'd0;
  assign s_axil_rresp_o   = 2'd0;
  assign s_axil_arready_o = !s_axil_rvalid_o;
  assign push             = write && s_axil_awaddr_i == 8'h40;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      s_axil_bvalid_o <= 1'b0;
      s_axil_rvalid_o <= 1'b0;
      s_axil_rdata_o  <= 32'd0;
    end else begin
      if (write) begin
        regs_q[s_axil_awaddr_i[7:2]] <= s_axil_wdata_i;
        s_axil_bvalid_o <= 1'b1;
      end else if (s_axil_bready_i) begin
        s_axil_bvalid_o <= 1'b0;
      end
      if (s_axil_arvalid_i && s_axil_arready_o) begin
        s_axil_rvalid_o <= 1'b1;
        s_axil_rdata_o  <= (s_axil_araddr_i == 8'h18) ? 32'(failed_q) : regs_q[s_axil_araddr_i[7:2]];
      end else if (s_axil_rready_i) begin
        s_axil_rvalid_o <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= 3'd0;
      irq_o    <= 1'b0;
      failed_q <= 1'b0;
      data_q   <= 64'd0;
    end else begin
      case (state_q)
        3'd0: if (push && regs_q[10] != 32'd1) state_q <= 3'd1;
        3'd1: if (m_axi_arready_i) state_q <= 3'd2;
        3'd2:
        if (m_axi_rvalid_i) begin
          data_q <= m_axi_rdata_i + 64'd1;
          failed_q <= m_axi_rresp_i != 2'd0;
          irq_o <= m_axi_rresp_i != 2'd0;
          state_q <= (m_axi_rresp_i != 2'd0) ? 3'd0 : 3'd3;
        end
        3'd3: if (m_axi_awready_i) state_q <= 3'd4;
        3'd4: if (m_axi_wready_i) state_q <= 3'd5;
        default:
        if (m_axi_bvalid_i) begin
          irq_o   <= 1'b1;
          state_q <= 3'd0;
        end
      endcase
    end
  end

  logic flip_q;
  always_ff @(posedge clk_i) flip_q <= (state_q == 3'd3) ? !flip_q : 1'b1;

  assign m_axi_araddr_o  = regs_q[12];
  assign m_axi_arlen_o   = 8'd0;
  assign m_axi_arsize_o  = 3'd3;
  assign m_axi_arburst_o = 2'd1;
  assign m_axi_arvalid_o = state_q == 3'd1;
  assign m_axi_rready_o  = state_q == 3'd2;
  assign m_axi_awaddr_o  = regs_q[14];
  assign m_axi_awlen_o   = 8'd0;
  assign m_axi_awsize_o  = 3'd3;
  assign m_axi_awburst_o = 2'd1;
  assign m_axi_awvalid_o = state_q == 3'd3 && (regs_q[10] != 32'd2 || flip_q);
  assign m_axi_wdata_o   = data_q;
  assign m_axi_wstrb_o   = 8'hFF;
  assign m_axi_wlast_o   = regs_q[10] != 32'd3;
  assign m_axi_wvalid_o  = state_q == 3'd4;
  assign m_axi_bready_o  = state_q == 3'd5;

`ifdef BAT_TAP_UNITS
  import "DPI-C" function void bat_tap_start(input int unit);
  import "DPI-C" function void bat_tap_done(input int unit);
  always_ff @(posedge clk_i) begin
    if (state_q == 3'd0 && push) bat_tap_start(4);
    if (state_q == 3'd4 && m_axi_wready_i) bat_tap_done(4);
  end
`endif

`ifdef BAT_TAP
  import "DPI-C" function void bat_tap_write(
    input int mem,
    input int slice,
    input int addr,
    input int chunk,
    input longint mask,
    input longint data
  );
  always_ff @(posedge clk_i) begin
    if (state_q == 3'd4 && m_axi_wready_i) bat_tap_write(8, 0, 0, 0, -64'd1, data_q);
  end
`endif
endmodule

`default_nettype wire
