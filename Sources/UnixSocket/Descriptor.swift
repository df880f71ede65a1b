import CPOSIX

/// A file descriptor that has one owner and is closed once, when the owner lets go of it.
public struct Descriptor: ~Copyable {
    private let number: Int32

    private init(owning number: Int32) { self.number = number }

    /// Takes ownership of an open descriptor, as a system call returned it.
    public static func adopt(_ number: Int32) -> Descriptor { Descriptor(owning: number) }

    deinit { _ = close(number) }

    /// The number, for a system call that does not outlast this descriptor.
    public borrowing func withNumber<Result: ~Copyable, Failure: Error>(
        _ body: (Int32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(number)
    }
}
