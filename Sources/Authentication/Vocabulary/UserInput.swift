/// What a person typed into one form, a value for each field of its schema, in order.
///
/// A class, so that it travels from the event loop to the writer without being copied.
package final class UserInput: Sendable {
    private let values: Secret
    private let ends: [Int]

    /// The form of a single field.
    package init(_ value: consuming Secret) {
        ends = [value.count]
        values = value
    }

    /// A form of several fields: `values` are all of them one behind the other, each ending at its offset in `ends`.
    ///
    /// Offsets that shrink or lie past the end, and bytes behind the last of them, describe no form: nil.
    package init?(_ values: consuming Secret, ends: [Int]) {
        var previous = 0
        for end in ends {
            guard end >= previous, end <= values.count else { return nil }
            previous = end
        }
        guard previous == values.count else { return nil }
        self.values = values
        self.ends = ends
    }

    /// The number of fields.
    package var count: Int { ends.count }

    /// Whether nothing was typed into any field.
    package var isEmpty: Bool { ends.allSatisfy { $0 == 0 } }

    /// Lends the value of a field; a field that is not there is empty.
    package func withField<Result: ~Copyable, Failure: Error>(
        at index: Int = 0, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try values.withBytes { (bytes) throws(Failure) in
            guard ends.indices.contains(index) else { return try body(bytes.extracting(0..<0)) }
            let start = index == 0 ? 0 : ends[index - 1]
            return try body(bytes.extracting(start..<ends[index]))
        }
    }

    /// Whether two forms hold the same, looking at every byte whatever the first difference.
    package func isSame(as other: UserInput) -> Bool {
        // The last end is the number of bytes, so equal ends are equally long forms.
        guard ends == other.ends else { return false }
        return values.withBytes { mine in
            other.values.withBytes { theirs in
                var difference: UInt8 = 0
                for index in mine.indices { difference |= mine[index] ^ theirs[index] }
                return difference == 0
            }
        }
    }
}
