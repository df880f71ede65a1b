import Testing
import Wire

@Suite struct FixedBytesTests {
    @Test func `takes no more than it has room for`() {
        var bytes = FixedBytes<4>.empty()
        let first = bytes.append(contentsOf: [1, 2, 3].span)
        let second = bytes.append(contentsOf: [4, 5].span)
        let third = bytes.append(4)
        let fourth = bytes.append(5)
        #expect([first, second, third, fourth] == [true, false, true, false])
        #expect(bytes.withBytes { Array($0) } == [1, 2, 3, 4])
        #expect(bytes.withBytes(from: 3) { Array($0) } == [4])
        #expect(bytes.withBytes(from: 9) { Array($0) } == [])
        bytes.clear()
        #expect(bytes.count == 0)
    }

    @Test func `hands out C strings that end inside the place`() {
        var bytes = FixedBytes<4>.empty()
        bytes.append(contentsOf: "abcd".bytes.span)
        let whole = unsafe bytes.withCString { unsafe String(cString: $0) }
        let part = unsafe bytes.withCString(first: 2) { unsafe String(cString: $0) }
        #expect(whole == "abc")
        #expect(part == "ab")
        #expect(bytes.withBytes { Array($0) } == "abcd".bytes)
    }

    @Test func `replaces a byte that is there and no other`() {
        var bytes = FixedBytes<4>.empty()
        bytes.append(1)
        for index in [-1, 1, 4, Int.max, Int.min] { bytes.replace(at: index, with: 9) }
        bytes.replace(at: 0, with: 2)
        #expect(bytes.withBytes { Array($0) } == [2])
    }

    @Test func `leaves nothing behind on the stack when it was cleared`() {
        #expect(StackSearch.remains(after: StackSearch.useFixedBytes) == 0)
        #expect(StackSearch.remains(after: StackSearch.useFrameBuffer) == 0)
        // The control shows that the search finds what is not wiped. It comes last, since it does not wipe.
        #expect(StackSearch.remains(after: StackSearch.useOrdinaryBytes) > 0)
    }
}

/// Looks for a secret in the part of the stack that a function has just left.
private enum StackSearch {
    /// The secret is made of this, so that it stands nowhere by itself.
    private static func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: index &* 37 &+ 11) ^ 0xA5 }
    private static let length = 24

    /// How often the secret stands in the 16 KiB below where `body` kept it, and just above.
    static func remains(after body: () -> UInt) -> Int {
        let place = body()
        let lowest = place &- 16_384
        var found = 0
        for offset in UInt(0)..<16_896 {
            guard let start = unsafe UnsafePointer<UInt8>(bitPattern: lowest &+ offset) else { continue }
            var index = 0
            while index < length, unsafe start[index] == byte(index) { index &+= 1 }
            if index == length { found &+= 1 }
        }
        return found
    }

    @inline(never) static func useOrdinaryBytes() -> UInt {
        var bytes = [512 of UInt8](repeating: 0)
        for index in 0..<length { bytes[index] = byte(index) }
        return place(of: bytes.span)
    }

    @inline(never) static func useFixedBytes() -> UInt {
        var bytes = FixedBytes<512>.empty()
        defer { bytes.clear() }
        for index in 0..<length { bytes.append(byte(index)) }
        return bytes.withBytes { place(of: $0) }
    }

    @inline(never) static func useFrameBuffer() -> UInt {
        var frame = FrameBuffer.empty()
        defer { frame.clear() }
        frame.start(.answer, version: 1)
        for index in 0..<length { frame.append(uint8: byte(index)) }
        return frame.withBytes { place(of: $0) }
    }

    @inline(never) private static func place(of bytes: Span<UInt8>) -> UInt {
        unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }
}
