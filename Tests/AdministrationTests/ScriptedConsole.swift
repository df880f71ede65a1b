import Administration
import Authentication

/// A person, or a script, who answers what was agreed on and hears everything.
final class ScriptedConsole: Console {
    enum Line: Equatable {
        case text(String)
        /// Ctrl-D, or the end of a pipe.
        case end
        /// Ctrl-C.
        case interrupt
    }

    let inputIsTerminal: Bool
    let outputIsTerminal: Bool
    let allowsColour: Bool
    private(set) var lines: [Line]
    private(set) var output = ""
    private(set) var errors = ""
    private(set) var holdsInterrupts = false
    /// Of each line that was read: whether it was to be typed without being shown.
    private(set) var hidden: [Bool] = []
    var columns: Int?
    private let outputFailure: Int32?

    init(_ lines: [Line] = [], isTerminal: Bool = false, allowsColour: Bool = false, outputFailure: Int32? = nil) {
        self.lines = lines
        self.allowsColour = allowsColour
        self.outputFailure = outputFailure
        inputIsTerminal = isTerminal
        outputIsTerminal = isTerminal
    }

    func write(_ buffer: OutputBuffer, to stream: ConsoleStream) throws(ConsoleFailure) {
        let text = buffer.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        switch stream {
        case .output:
            if let outputFailure { throw .system(outputFailure) }
            output += text
        case .errors: errors += text
        }
    }

    func readLine(isHidden: Bool) throws(ConsoleFailure) -> Secret? {
        hidden.append(isHidden)
        guard !lines.isEmpty else { return nil }
        switch lines.removeFirst() {
        case .text(let text):
            let bytes = Array(text.utf8)
            return Secret(copying: bytes.span)
        case .end: return nil
        case .interrupt: throw .interrupted
        }
    }

    func holdInterrupts() { holdsInterrupts = true }
}
