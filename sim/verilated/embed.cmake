# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C++ file that holds the text of FILES under their paths relative to ROOT.
set(text "// Generated from the files named below.\n#include \"sim/verilated/sources.hpp\"\n\n")
string(APPEND text "namespace bat::sim {\nnamespace {\nconst SourceFile kFiles[] = {\n")
foreach(file IN LISTS FILES)
  file(RELATIVE_PATH name ${ROOT} ${file})
  file(READ ${file} content)
  string(APPEND text "{\"${name}\", R\"~~~(${content})~~~\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace\nstd::span<const SourceFile> harness_sources() { return kFiles; }\n")
string(APPEND text "}  // namespace bat::sim\n")
file(WRITE ${OUTPUT} "${text}")
