/// What takes too long for the writer's thread: works on whole states of a store, from any thread, and neither waits for
/// logins nor holds them up.
package protocol StoreInspection: Sendable {
    /// Looks at every row and opens every secret; returns what is wrong, in sentences that hold no secret, and stops after a
    /// hundred.
    func findings() throws(StoreFailure) -> [String]

    /// A consistent copy of all there is; secrets stay sealed in it.
    func snapshot() throws(StoreFailure) -> any StoreSnapshot
}

/// A copy of a store as bytes, gone when nobody has it any more.
package protocol StoreSnapshot: Sendable {
    /// In bytes.
    var size: Int64 { get }

    /// At most so many of its bytes; fewer at its end alone.
    func bytes(from offset: Int64, atMost count: Int) throws(StoreFailure) -> [UInt8]
}
