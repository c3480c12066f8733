# SPDX-License-Identifier: Apache-2.0
# Emits CONFIG with EMIT into DIR and checks the whole design: Verilator -Wall and Yosys without a
# word. A missing tool is an error: the build asks for both.
file(REMOVE_RECURSE ${DIR})
execute_process(COMMAND ${EMIT} ${CONFIG} ${DIR} RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "emitting ${CONFIG} failed")
endif()

function(check_silent tool)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${DIR}
                  RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0 OR NOT out STREQUAL "")
    message(FATAL_ERROR "${tool} on ${CONFIG} (exit ${code}):\n${out}")
  endif()
endfunction()

check_silent(verilator ${VERILATOR} --lint-only -Wall --top-module bat_top -f filelist.f)
check_silent(verilator ${VERILATOR} --lint-only -Wall +define+BAT_TAP+BAT_TAP_UNITS --top-module bat_top -f filelist.f)
check_silent(verilator ${VERILATOR} --lint-only -Wall +define+SYNTHESIS --top-module bat_top -f filelist.f)
file(STRINGS ${DIR}/filelist.f files)
list(JOIN files " " files)
file(WRITE ${DIR}/check.ys
  "read_verilog -sv -DSYNTHESIS ${files}\nhierarchy -check -top bat_top\nproc\ncheck -assert\n")
check_silent(yosys ${YOSYS} -q -s check.ys)
