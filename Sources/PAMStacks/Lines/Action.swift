/// What libpam does with what a module has returned (pam.d(5), "control").
package enum Action: Hashable, Sendable {
    case ignore
    case ok
    case done
    case bad
    case die
    case reset
    /// So many of the lines that follow are passed over.
    case jump(Int)

    /// The words in the order in which libpam compares them, each with the start of what is written.
    static let words: [(word: String, action: Action)] = [
        ("ignore", .ignore), ("ok", .ok), ("done", .done), ("bad", .bad), ("die", .die), ("reset", .reset),
    ]

    /// As it is written in a control.
    package var text: String {
        if case .jump(let count) = self { return String(count) }
        return Action.words.first { $0.action == self }?.word ?? ""
    }
}
