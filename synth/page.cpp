// SPDX-License-Identifier: Apache-2.0
#include "synth/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "models/io/atomic_file.hpp"
#include "synth/page_assets.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kD3 = "/usr/share/nodejs/d3/dist/d3.min.js";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// "12,345.6": digits in groups of three.
std::string grouped(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  std::size_t at = std::min(text.find('.'), text.size());
  while (at > first + 3) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

// JSON inside of a script element must not hold "</".
std::string script_text(const nlohmann::ordered_json& json) {
  std::string text = json.dump();
  for (std::size_t at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3)) {
    text.replace(at, 2, "<\\/");
  }
  return text;
}

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

nlohmann::ordered_json chart_json(const Treemap& chart) {
  nlohmann::ordered_json json{{"kind", "treemap"}, {"caption", chart.caption}};
  for (const auto& metric : chart.metrics)
    json["metrics"].push_back({{"name", metric.name}, {"unit", metric.unit}});
  for (const auto& box : chart.boxes) {
    json["boxes"].push_back(
        {{"group", box.group}, {"name", box.name}, {"note", box.note}, {"values", box.values}});
  }
  return json;
}

nlohmann::ordered_json chart_json(const Bars& chart) {
  nlohmann::ordered_json json{{"kind", "bars"},
                              {"caption", chart.caption},
                              {"unit", chart.unit},
                              {"categories", chart.categories}};
  for (const auto& series : chart.series)
    json["series"].push_back({{"name", series.name}, {"values", series.values}});
  return json;
}

nlohmann::ordered_json chart_json(const Spans& chart) {
  nlohmann::ordered_json json{
      {"kind", "spans"}, {"caption", chart.caption}, {"unit", chart.unit}, {"lanes", chart.lanes}};
  json["spans"] = nlohmann::ordered_json::array();
  for (const auto& span : chart.spans) {
    json["spans"].push_back({span.lane, span.group, span.name, span.start, span.end});
  }
  return json;
}

nlohmann::ordered_json chart_json(const Scatter& chart) {
  nlohmann::ordered_json json{{"kind", "scatter"},
                              {"caption", chart.caption},
                              {"axes", nlohmann::ordered_json::array()},
                              {"x", chart.x},
                              {"y", chart.y},
                              {"points", nlohmann::ordered_json::array()}};
  for (const auto& axis : chart.axes) {
    json["axes"].push_back({{"name", axis.name}, {"log", axis.logarithmic}});
  }
  for (const auto& point : chart.points) {
    json["points"].push_back({{"name", point.name},
                              {"group", point.group},
                              {"values", point.values},
                              {"details", point.details}});
  }
  return json;
}

std::string cell_html(const Cell& cell, std::string_view tag) {
  std::string text = escaped(cell.text);
  if (!cell.link.empty()) text = fmt::format("<a href=\"{}\">{}</a>", escaped(cell.link), text);
  if (!cell.number) return fmt::format("<{0}>{1}</{0}>", tag, text);
  std::string marks;
  if (!cell.pointer.empty()) {
    marks = fmt::format(" data-pointer=\"{}\" data-value=\"{}\"", escaped(cell.pointer),
                        nlohmann::json(cell.value).dump());
  }
  return fmt::format("<{0} class=\"number\"{1}>{2}</{0}>", tag, marks, text);
}

std::string table_html(const Table& table) {
  std::string text = "<div class=\"scroll\"><table>";
  if (!table.caption.empty()) text += fmt::format("<caption>{}</caption>", escaped(table.caption));
  text += "<thead><tr>";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool number =
        !table.rows.empty() && c < table.rows.front().size() && table.rows.front()[c].number;
    text += fmt::format("<th scope=\"col\"{}>{}</th>", number ? " class=\"number\"" : "",
                        escaped(table.columns[c]));
  }
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (const Cell& cell : row) text += cell_html(cell, "td");
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

class HtmlBlocks {
 public:
  std::string section(const Section& section, std::size_t number) {
    std::string text =
        fmt::format("<section id=\"s{}\"><h2>{}</h2>\n", number, escaped(section.title));
    for (const Block& block : section.blocks) {
      text += std::visit(
          Overloaded{[](const Paragraph& p) { return fmt::format("<p>{}</p>\n", escaped(p.text)); },
                     [](const Table& t) { return table_html(t); },
                     [this](const auto& chart) { return place(chart_json(chart)); }},
          block);
    }
    return text + "</section>\n";
  }
  const nlohmann::ordered_json& charts() const { return charts_; }

 private:
  std::string place(nlohmann::ordered_json chart) {
    const std::string text = fmt::format(
        "<figure class=\"chart\" data-chart=\"{}\"><figcaption>{}</figcaption></figure>\n",
        charts_.size(), escaped(chart["caption"].get<std::string>()));
    charts_.push_back(std::move(chart));
    return text;
  }

  nlohmann::ordered_json charts_ = nlohmann::ordered_json::array();
};

std::string table_markdown(const Table& table) {
  std::string text = table.caption.empty() ? "" : table.caption + "\n\n";
  std::string rule = "|";
  text += "|";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool number =
        !table.rows.empty() && c < table.rows.front().size() && table.rows.front()[c].number;
    text += fmt::format(" {} |", table.columns[c]);
    rule += number ? "---:|" : "---|";
  }
  text += "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const Cell& cell : row) {
      text += cell.link.empty() ? fmt::format(" {} |", cell.text)
                                : fmt::format(" [{}]({}) |", cell.text, cell.link);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Cell::Cell(double number_value, int digits, std::string place)
    : text(grouped(number_value, digits)),
      number(true),
      value(number_value),
      pointer(std::move(place)) {}

std::string to_markdown(const Page& page) {
  std::string text = fmt::format("# {}\n\n{}\n\n", page.title, page.subtitle);
  for (const auto& [name, cell] : page.facts)
    text += fmt::format("- {}: **{}**\n", name, cell.text);
  for (const Section& section : page.sections) {
    text += fmt::format("\n## {}\n", section.title);
    for (const Block& block : section.blocks) {
      text += '\n';
      text +=
          std::visit(Overloaded{[](const Paragraph& p) { return p.text + "\n"; },
                                [](const Table& t) { return table_markdown(t); },
                                [](const auto& chart) {
                                  return fmt::format("(chart in report.html: {})\n", chart.caption);
                                }},
                     block);
    }
  }
  return text + "\n" + page.footer + "\n";
}

Result<std::filesystem::path> find_d3() {
  const char* chosen = std::getenv("BAT_D3");
  const std::filesystem::path path = chosen != nullptr ? chosen : kD3;
  if (std::filesystem::is_regular_file(path)) return path;
  return Error{fmt::format("{} is missing: the HTML needs the chart library D3; install it with: "
                           "apt-get install node-d3 "
                           "(or cmake/install_packages.sh --report), name its d3.min.js in BAT_D3, "
                           "or leave the HTML "
                           "out with --no-html",
                           path.string()),
               ErrorKind::kMissingTool};
}

Result<std::string> to_html(const Page& page) {
  const Result<std::filesystem::path> path = find_d3();
  if (!path) return path.error();
  const Result<std::string> library = io::read_text(path.value());
  if (!library) return library.error();
  if (library.value().find("</script") != std::string::npos) {
    return Error{fmt::format("{}: cannot stand inside a page: it holds the end of a script",
                             path.value().string())};
  }
  HtmlBlocks blocks;
  std::string body;
  std::string menu;
  for (std::size_t i = 0; i < page.sections.size(); ++i) {
    body += blocks.section(page.sections[i], i);
    menu += fmt::format("<a href=\"#s{}\">{}</a>", i, escaped(page.sections[i].title));
  }
  std::string facts;
  for (const auto& [name, cell] : page.facts) {
    facts += fmt::format("<div class=\"fact\">{}<span>{}</span></div>\n", cell_html(cell, "strong"),
                         escaped(name));
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{0}</title>\n<style>\n{1}</style>\n</head>\n<body>\n"
      "<header><h1>{0}</h1><p>{2}</p><nav>{3}</nav></header>\n<main>\n<div "
      "class=\"facts\">\n{4}</div>\n{5}</main>\n"
      "<footer>{6}</footer>\n<div id=\"tip\" role=\"status\" hidden></div>\n"
      "<script type=\"application/json\" "
      "id=\"charts\">{7}</script>\n<script>{8}</script>\n<script>\n{9}</script>\n"
      "</body>\n</html>\n",
      escaped(page.title), page_style(), escaped(page.subtitle), menu, facts, body,
      escaped(page.footer), script_text(blocks.charts()), library.value(), page_program());
}

}  // namespace bat::synth
