/// Why libpam refuses a service altogether: a file that it cannot read, and where it was to be read.
package struct StackFailure: Equatable, Sendable {
    package let path: String
    /// Nil where the file itself is cut off.
    package let line: StackLine?
    /// In words.
    package let reason: String
}
