extension FlowDiagram {
    /// The picture for a terminal, in lines of at most 80 columns; in ASCII alone where it must be.
    package func text(inASCII isASCII: Bool = false) -> String {
        TextCanvas(self, signs: isASCII ? .ascii : .boxes, isASCII: isASCII).lines.joined(separator: "\n")
    }
}

/// Boxes below each other, and the lanes along a trunk.
private struct TextCanvas {
    /// What boxes and arrows are made of.
    struct Signs {
        let topLeft, topRight, bottomLeft, bottomRight, horizontal, vertical, exit, down: String
        let branch, lastBranch, bullet, ellipsis: String

        static let boxes = Signs(
            topLeft: "┌", topRight: "┐", bottomLeft: "└", bottomRight: "┘", horizontal: "─", vertical: "│", exit: "┬",
            down: "▼", branch: "├─▶", lastBranch: "└─▶", bullet: "•", ellipsis: "…")
        static let ascii = Signs(
            topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+", horizontal: "-", vertical: "|", exit: "+",
            down: "v", branch: "+->", lastBranch: "+->", bullet: "*", ellipsis: "...")
    }

    static let width = 80
    /// Where a line leaves a box, counted from the box's left edge.
    static let exit = 3
    /// How far lanes are indented: exit, trunk and arrow.
    static let indent = 7

    private let signs: Signs
    private let isASCII: Bool
    private(set) var lines: [String] = []

    init(_ diagram: FlowDiagram, signs: Signs, isASCII: Bool) {
        self.signs = signs
        self.isASCII = isASCII
        add(Columns.wrap(shown(diagram.title), to: TextCanvas.width))
        add([""])
        add(diagram.entry.enumerated().flatMap { index, node in chained(node, isFirst: index == 0, isLast: false) })
        for (index, lane) in diagram.lanes.enumerated() {
            add(self.lane(lane, end: diagram.end, isLast: index == diagram.lanes.count - 1))
        }
        let legend = diagram.legend.lines(width: TextCanvas.width)
        if !legend.isEmpty { add([""]) }
        add(legend.map { String(repeating: " ", count: $0.indent) + shown($0.text) })
    }

    private mutating func add(_ more: [String]) { lines += more }

    /// A text as this canvas can show it.
    private func shown(_ text: String) -> String {
        let line = Columns.oneLine(text)
        return isASCII ? Columns.inASCII(line) : line
    }

    private func lane(_ lane: FlowDiagram.Lane, end: FlowDiagram.Node, isLast: Bool) -> [String] {
        let margin = String(repeating: " ", count: TextCanvas.exit)
        var trunk = margin + signs.vertical
        var lines = [lane.label.map { "\(trunk) \(shown($0))" } ?? trunk]
        let nodes = lane.nodes + [end]
        let width = nodes.dropLast().map(contentWidth).max() ?? 0
        for (index, node) in nodes.enumerated() {
            let isEnd = index == nodes.count - 1
            let box = chained(node, isFirst: index == 0, isLast: isEnd, width: isEnd ? nil : width)
            for (row, line) in box.enumerated() {
                // The arrow points at the first line of what the box says.
                let isArrow = index == 0 && row == 1
                let prefix = isArrow ? margin + (isLast ? signs.lastBranch : signs.branch) : trunk
                lines.append(Columns.padded(prefix, to: TextCanvas.indent) + line)
                if isArrow, isLast { trunk = margin + " " }
            }
        }
        return lines
    }

    // MARK: Boxes

    /// A box with the arrow that leads to it.
    private func chained(_ node: FlowDiagram.Node, isFirst: Bool, isLast: Bool, width: Int? = nil) -> [String] {
        let arrow = String(repeating: " ", count: TextCanvas.exit) + signs.down
        return (isFirst ? [] : [arrow]) + box(content(of: node), width: width, hasExit: !isLast)
    }

    private func content(of node: FlowDiagram.Node) -> [String] {
        let limit = TextCanvas.width - TextCanvas.indent - 4
        let choices = node.alternatives.flatMap { choice in
            choice.lines.enumerated().map { index, line in (index == 0 ? "\(signs.bullet) " : "  ") + line }
        }
        return (node.lines + choices).map { Columns.clip(shown($0), to: limit, sign: signs.ellipsis) }
    }

    private func contentWidth(_ node: FlowDiagram.Node) -> Int { content(of: node).map(Columns.width).max() ?? 0 }

    private func box(_ content: [String], width: Int?, hasExit: Bool) -> [String] {
        let width = width ?? content.map(Columns.width).max() ?? 0
        let edge = String(repeating: signs.horizontal, count: width + 2)
        let left = String(repeating: signs.horizontal, count: TextCanvas.exit - 1)
        let right = String(repeating: signs.horizontal, count: max(width + 2 - TextCanvas.exit, 0))
        return [signs.topLeft + edge + signs.topRight]
            + content.map { "\(signs.vertical) \(Columns.padded($0, to: width)) \(signs.vertical)" }
            + [signs.bottomLeft + (hasExit ? left + signs.exit + right : edge) + signs.bottomRight]
    }
}
