internal import Authentication

/// What an administrator typed for a set-up (`--digits 8`), name by name.
struct SetupParameters {
    private let typed: [String: String]

    /// Refuses names that are none of `known`, those of the module's parameters, in the order in which people read them.
    init(_ typed: [String: String], of module: String, known: [String]) throws(SetupFailure) {
        for name in typed.keys.sorted() where !known.contains(name) {
            guard let last = known.last else {
                throw SetupFailure("'\(name)' is no parameter of \(module), which has none")
            }
            let others = known.dropLast().joined(separator: ", ")
            throw SetupFailure(
                "'\(name)' is no parameter of \(module), expected \(others.isEmpty ? last : "\(others) or \(last)")"
                    + suggestion(for: name, among: known))
        }
        self.typed = typed
    }

    /// The text of a parameter; nil where it is absent.
    subscript(name: String) -> String? { typed[name] }

    /// A whole number in plain digits within `range`; `fallback` where it is absent.
    func number(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(SetupFailure) -> Int {
        guard let text = typed[name] else { return fallback }
        guard let number = Settings.number(text), range.contains(number) else {
            throw SetupFailure(
                "\(name) is '\(text)', expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
