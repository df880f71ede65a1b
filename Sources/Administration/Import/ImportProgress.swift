import Authentication

/// How far an import is, drawn over and over in one line of a terminal; nothing anywhere else.
struct ImportProgress {
    private static let width = 40

    private let total: Int
    private let console: any Console
    private let isShown: Bool

    init(of total: Int, on console: any Console, isShown: Bool) {
        self.total = total
        self.console = console
        // What is over at once needs no bar.
        self.isShown = isShown && console.outputIsTerminal && total > 16
    }

    /// Draws it with so many done.
    func show(_ done: Int) throws(CommandFailure) {
        guard isShown, total > 0 else { return }
        let filled = ImportProgress.width * min(done, total) / total
        let buffer = OutputBuffer()
        buffer.append("\r[")
        buffer.append(String(repeating: "#", count: filled))
        buffer.append(String(repeating: "-", count: ImportProgress.width - filled))
        buffer.append("] \(done) of \(total)")
        try console.show(buffer, on: .errors)
    }

    /// Leaves the line.
    func end() throws(CommandFailure) {
        guard isShown else { return }
        let buffer = OutputBuffer()
        buffer.append("\n")
        try console.show(buffer, on: .errors)
    }
}
