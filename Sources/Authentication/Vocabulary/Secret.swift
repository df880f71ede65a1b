import Wire

/// Bytes that nobody may keep: they have one owner, cannot be copied, printed or compared by accident, and
/// are overwritten when the owner lets go.
@safe
package struct Secret: ~Copyable, @unchecked Sendable {
    // Sendable although it holds a pointer: the memory is reachable through this one value alone.
    private let memory: UnsafeMutableBufferPointer<UInt8>

    /// Copies `bytes`; wiping the original is its owner's part.
    package init(copying bytes: Span<UInt8>) {
        self.init(count: bytes.count) { target in
            for index in bytes.indices { target[index] = bytes[index] }
        }
    }

    /// A secret of `count` bytes (0 or more), zero until `fill` writes them.
    package init<Failure: Error>(
        count: Int, fill: (inout MutableSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        // The field is set last: an error before that leaves nothing for `deinit` to do.
        let fresh = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(count, 0))
        unsafe fresh.initialize(repeating: 0)
        var span = unsafe MutableSpan(_unsafeElements: fresh)
        do throws(Failure) {
            try fill(&span)
        } catch {
            wipe(&span)
            unsafe fresh.deallocate()
            throw error
        }
        unsafe memory = fresh
    }

    deinit {
        unsafe wipe(memory)
        unsafe memory.deallocate()
    }

    /// How many bytes it has.
    package var count: Int { unsafe memory.count }

    /// Overwrites one byte, for what is written piece by piece; a place that is not there changes nothing.
    package mutating func replace(at index: Int, with byte: UInt8) {
        guard index >= 0, index < count else { return }
        unsafe memory[index] = byte
    }

    /// Lends the bytes for the time of a call.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_unsafeElements: memory))
    }
}
