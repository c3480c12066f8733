# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C++ file that holds the text of the SystemVerilog FILES.
set(text "// Generated from the files of folder rtl.\n#include \"rtl_gen/blocks/rtl_sources.hpp\"\n\n")
string(APPEND text "namespace bat::blocks {\nnamespace {\nconst RtlSource kSources[] = {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} content)
  string(APPEND text "{\"${name}\", R\"~~~(${content})~~~\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace\nstd::span<const RtlSource> rtl_sources() { return kSources; }\n")
string(APPEND text "}  // namespace bat::blocks\n")
file(WRITE ${OUTPUT} "${text}")
