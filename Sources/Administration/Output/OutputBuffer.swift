import Wire

/// What is about to be printed, in memory that wipes itself: some of it may be a secret.
@safe
package final class OutputBuffer {
    private var memory: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    package init() { unsafe memory = .allocate(capacity: 1024) }

    deinit {
        unsafe wipe(memory)
        unsafe memory.deallocate()
    }

    /// Adds one byte as it is.
    package func append(_ byte: UInt8) {
        if unsafe count == memory.count {
            let larger = unsafe UnsafeMutableBufferPointer<UInt8>.allocate(capacity: memory.count * 2)
            for index in 0..<count { unsafe larger[index] = memory[index] }
            unsafe wipe(memory)
            unsafe memory.deallocate()
            unsafe memory = larger
        }
        unsafe memory[count] = byte
        count += 1
    }

    /// Adds text as it is: for our own words.
    package func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// Adds bytes without what could disturb a terminal; newlines stay.
    package func append(printable bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count {
            let length = PrintableText.scalarLength(bytes, at: index, newlines: true)
            for offset in 0..<length { append(bytes[index + offset]) }
            index += max(length, 1)
        }
    }

    /// Adds text without what could disturb a terminal: for whatever came from elsewhere.
    package func append(printable text: String) {
        let bytes = Array(text.utf8)
        append(printable: bytes.span)
    }

    /// Lends everything for the time of a call.
    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let filled = unsafe UnsafeBufferPointer(rebasing: UnsafeBufferPointer(memory)[..<count])
        return try body(unsafe Span(_unsafeElements: filled))
    }
}
