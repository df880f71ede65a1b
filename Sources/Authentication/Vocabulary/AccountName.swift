import Wire

/// The name of a local account, exactly as PAM gave it.
///
/// Two names are equal if their bytes are: Swift's own string comparison would take `é` typed in one way
/// for `é` typed in another, and a different name is a different person (CVE-2020-13776 and its kin).
package struct AccountName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name, in bytes: LOGIN_NAME_MAX less its NUL.
    package static let maximumLength = 255

    package let text: String

    /// Accepts 1 to 255 bytes of printable UTF-8 without `/`, `:` and white space at either end; nil for all else.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 0, bytes.count <= AccountName.maximumLength else { return nil }
        guard PrintableText.isClean(bytes, newlines: false) else { return nil }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") || bytes[index] == UInt8(ascii: ":") {
            return nil
        }
        guard bytes[0] != UInt8(ascii: " "), bytes[bytes.count - 1] != UInt8(ascii: " ") else { return nil }
        text = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The same, for a name that is text already (a configuration, the command line, the store).
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes.span)
    }

    package var description: String { text }

    package static func == (left: AccountName, right: AccountName) -> Bool {
        let isEqual = unsafe left.text.utf8.withContiguousStorageIfAvailable { left in
            unsafe right.text.utf8.withContiguousStorageIfAvailable { right in
                // Where they lie, byte by byte: a text's own iterator takes many times as long, and a buffer's some.
                guard left.count == right.count else { return false }
                for index in 0..<left.count where unsafe left[index] != right[index] { return false }
                return true
            }
        }
        return isEqual.flatMap(\.self) ?? left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = unsafe text.utf8.withContiguousStorageIfAvailable {
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        // The same bytes, so that equal names have equal hashes.
        if isHashed == nil { unsafe Array(text.utf8).withUnsafeBytes { unsafe hasher.combine(bytes: $0) } }
    }
}
