// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/axi_ports.hpp"

#include <fmt/format.h>

namespace bat::blocks {
namespace {

void add_master_address(emit::Module& m, const char* channel, int address_bits) {
  const auto name = [channel](const char* signal) {
    return fmt::format("m_axi_{}{}_o", channel, signal);
  };
  m.output(name("valid"), 1);
  m.input(fmt::format("m_axi_{}ready_i", channel), 1);
  m.output(name("id"), 1);
  m.output(name("addr"), address_bits);
  m.output(name("len"), 8);
  m.output(name("size"), 3);
  m.output(name("burst"), 2);
  m.output(name("lock"), 1);
  m.output(name("cache"), 4);
  m.output(name("prot"), 3);
  m.output(name("qos"), 4);
  m.output(name("region"), 4);
}

}  // namespace

void add_axi_lite_ports(emit::Module& m, int address_bits) {
  m.port_group("AXI4-Lite slave: registers");
  m.input("s_axil_awvalid_i", 1);
  m.output("s_axil_awready_o", 1);
  m.input("s_axil_awaddr_i", address_bits);
  m.input("s_axil_awprot_i", 3);
  m.input("s_axil_wvalid_i", 1);
  m.output("s_axil_wready_o", 1);
  m.input("s_axil_wdata_i", 32);
  m.input("s_axil_wstrb_i", 4);
  m.output("s_axil_bvalid_o", 1);
  m.input("s_axil_bready_i", 1);
  m.output("s_axil_bresp_o", 2);
  m.input("s_axil_arvalid_i", 1);
  m.output("s_axil_arready_o", 1);
  m.input("s_axil_araddr_i", address_bits);
  m.input("s_axil_arprot_i", 3);
  m.output("s_axil_rvalid_o", 1);
  m.input("s_axil_rready_i", 1);
  m.output("s_axil_rdata_o", 32);
  m.output("s_axil_rresp_o", 2);
}

void add_axi_ports(emit::Module& m, int data_bits, int address_bits) {
  m.port_group("AXI4 master: reads");
  add_master_address(m, "ar", address_bits);
  m.input("m_axi_rvalid_i", 1);
  m.output("m_axi_rready_o", 1);
  m.input("m_axi_rid_i", 1);
  m.input("m_axi_rdata_i", data_bits);
  m.input("m_axi_rresp_i", 2);
  m.input("m_axi_rlast_i", 1);
  m.port_group("AXI4 master: writes");
  add_master_address(m, "aw", address_bits);
  m.output("m_axi_wvalid_o", 1);
  m.input("m_axi_wready_i", 1);
  m.output("m_axi_wdata_o", data_bits);
  m.output("m_axi_wstrb_o", data_bits / 8);
  m.output("m_axi_wlast_o", 1);
  m.input("m_axi_bvalid_i", 1);
  m.output("m_axi_bready_o", 1);
  m.input("m_axi_bid_i", 1);
  m.input("m_axi_bresp_i", 2);
}

}  // namespace bat::blocks
