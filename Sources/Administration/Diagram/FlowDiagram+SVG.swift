extension FlowDiagram {
    /// The picture as an SVG document that needs nothing else: no script, no font, no file.
    package var svg: String { SVGCanvas(self).document }
}

/// Lanes side by side, and the legend below them. All lengths are pixels.
private struct SVGCanvas {
    /// A letter of the font takes 7.8, any other at most 0.2 more.
    static let letter = 8
    static let lineHeight = 18
    static let padding = 10
    /// Between boxes below each other: an arrow and its label.
    static let gap = 34
    static let margin = 24
    /// Columns of the widest box; what is longer stands whole in its tooltip.
    static let widest = 48
    /// Columns of the narrowest legend.
    static let legendWidth = 72

    private let diagram: FlowDiagram
    private var shapes: [String] = []
    private(set) var width = 0
    private var height = 0

    init(_ diagram: FlowDiagram) {
        self.diagram = diagram
        let laneWidths = diagram.lanes.map { lane in lane.nodes.map(SVGCanvas.width).max() ?? 0 }
        let lanes = laneWidths.reduce(0, +) + max(laneWidths.count - 1, 0) * SVGCanvas.margin
        let others = (diagram.entry + [diagram.end]).map(SVGCanvas.width).max() ?? 0
        let inner = max(lanes, others, SVGCanvas.legendWidth * SVGCanvas.letter)
        width = inner + 2 * SVGCanvas.margin
        draw(laneWidths, from: (width - lanes) / 2)
        drawLegend(columns: inner / SVGCanvas.letter)
        height += SVGCanvas.margin
    }

    private mutating func draw(_ laneWidths: [Int], from left: Int) {
        let middle = width / 2
        height = SVGCanvas.margin
        text(Columns.clip(diagram.title, to: width / SVGCanvas.letter - 4), x: SVGCanvas.margin, kind: "title")
        height += SVGCanvas.gap / 2
        var above: (x: Int, y: Int)?
        for node in diagram.entry {
            if let above { arrow(from: above, to: (middle, height), label: nil) }
            above = draw(node, middle: middle, width: SVGCanvas.width(node))
        }
        let top = height
        var (x, feet, bottom) = (left, [(x: Int, y: Int)](), top)
        for (lane, laneWidth) in zip(diagram.lanes, laneWidths) {
            height = top
            var last = above
            for (index, node) in lane.nodes.enumerated() {
                let label = index == 0 ? lane.label : nil
                if let last { arrow(from: last, to: (x + laneWidth / 2, height), label: label) }
                last = draw(node, middle: x + laneWidth / 2, width: laneWidth)
            }
            if let last { feet.append(last) }
            bottom = max(bottom, height)
            x += laneWidth + SVGCanvas.margin
        }
        height = bottom
        for foot in feet { arrow(from: foot, to: (middle, height), label: nil) }
        _ = draw(diagram.end, middle: middle, width: SVGCanvas.width(diagram.end))
    }

    private mutating func drawLegend(columns: Int) {
        for line in diagram.legend.lines(width: columns) {
            text(line.text, x: SVGCanvas.margin + line.indent * SVGCanvas.letter, kind: nil)
        }
    }

    // MARK: Boxes

    private static func width(_ node: FlowDiagram.Node) -> Int {
        let own = node.lines.map { min(Columns.width(Columns.oneLine($0)), widest) }.max() ?? 0
        let inner = node.alternatives.map { width($0) + 2 * padding }.max() ?? 0
        return max(own * letter + 2 * padding, inner)
    }

    private static func height(_ node: FlowDiagram.Node) -> Int {
        let choices = node.alternatives.reduce(0) { $0 + height($1) + padding }
        return node.lines.count * lineHeight + 2 * padding + max(choices - padding, 0)
    }

    /// Draws a box at the present height, and returns the middle of its lower edge; the height is then where an
    /// arrow from there ends.
    private mutating func draw(_ node: FlowDiagram.Node, middle: Int, width: Int) -> (x: Int, y: Int) {
        let top = height
        let tall = SVGCanvas.height(node)
        let round = node.kind == .step ? 4 : tall / 2
        let kind = node.alternatives.isEmpty ? "box" : "group"
        shapes.append(
            "<rect class=\"\(kind)\" x=\"\(middle - width / 2)\" y=\"\(top)\" width=\"\(width)\" height=\"\(tall)\" "
                + "rx=\"\(round)\"/>")
        height += SVGCanvas.padding
        for (index, line) in node.lines.enumerated() {
            text(line, x: middle, kind: index == 0 ? "middle name" : "middle", clipped: SVGCanvas.widest)
        }
        for choice in node.alternatives {
            _ = draw(choice, middle: middle, width: width - 2 * SVGCanvas.padding)
            height = height - SVGCanvas.gap + SVGCanvas.padding
        }
        height = top + tall + SVGCanvas.gap
        return (middle, top + tall)
    }

    /// Draws a line of text at the present height and moves below it.
    private mutating func text(_ text: String, x: Int, kind: String?, clipped: Int? = nil) {
        let whole = Columns.oneLine(text)
        let shown = clipped.map { Columns.clip(whole, to: $0) } ?? whole
        let tip = shown == whole ? "" : "<title>\(SVGCanvas.escaped(whole))</title>"
        let style = kind.map { " class=\"\($0)\"" } ?? ""
        shapes.append("<text\(style) x=\"\(x)\" y=\"\(height + 13)\">\(tip)\(SVGCanvas.escaped(shown))</text>")
        height += SVGCanvas.lineHeight
    }

    private mutating func arrow(from: (x: Int, y: Int), to: (x: Int, y: Int), label: String?) {
        // The lane may be shorter than its neighbours: down first, then over, then down.
        let bend = to.y - SVGCanvas.gap / 2 - 4
        let way = from.x == to.x ? "V\(to.y)" : "V\(bend)H\(to.x)V\(to.y)"
        shapes.append("<path class=\"arrow\" d=\"M\(from.x) \(from.y)\(way)\" marker-end=\"url(#head)\"/>")
        guard let label else { return }
        shapes.append("<text x=\"\(to.x + 8)\" y=\"\(to.y - 6)\">\(SVGCanvas.escaped(Columns.oneLine(label)))</text>")
    }

    // MARK: The document

    /// What XML would take for markup goes by its name.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "'": "&#39;"
            case _: String(scalar)
            }
        }.joined()
    }

    /// Its own background, so that it can be read wherever it is shown, and dark where that is asked for.
    private static let style = """
        <style>
        text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; }
        .title, .name { font-weight: bold; }
        .middle { text-anchor: middle; }
        .ground { fill: #ffffff; }
        .box { fill: #eef4fb; stroke: #57606a; }
        .group { fill: none; stroke: #57606a; stroke-dasharray: 5 4; }
        .arrow { fill: none; stroke: #57606a; }
        .head { fill: #57606a; }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; }
        .ground { fill: #0d1117; }
        .box { fill: #1b2735; stroke: #8b949e; }
        .group, .arrow { stroke: #8b949e; }
        .head { fill: #8b949e; }
        }
        </style>
        <defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">\
        <path class="head" d="M0 0L8 4L0 8z"/></marker></defs>
        """

    var document: String {
        let name = SVGCanvas.escaped(Columns.oneLine(diagram.title))
        let head = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"\(width)\" height=\"\(height)\" "
                + "viewBox=\"0 0 \(width) \(height)\">",
            "<title>\(name)</title>", SVGCanvas.style,
            "<rect class=\"ground\" width=\"\(width)\" height=\"\(height)\"/>",
        ]
        return (head + shapes + ["</svg>"]).joined(separator: "\n")
    }
}
