import CPOSIX
import Synchronization

/// Up to `capacity` bytes in one fixed place, overwritten when their owner lets go of them.
///
/// Nothing is copied out of the place behind the owner's back. That is not a matter of course: a plain
/// struct of bytes is copied wherever it is read, and its `deinit` then wipes a copy. The atomic beside the
/// bytes makes the whole value one that exists in memory alone, at one address.
///
/// `clear()` overwrites the place itself in every build, and whoever holds a secret calls it. The `deinit` is
/// for the ways out that nobody thought of: it overwrites the place where the code is specialised, as all of
/// it is in the module, and a copy where it is not. ModuleMemoryTests and FixedBytesTests look at what remains.
public struct FixedBytes<let capacity: Int>: ~Copyable {
    private var storage: [capacity of UInt8]
    /// How many bytes are there: 0 to `capacity`.
    public private(set) var count: Int
    private let anchor = Atomic<UInt8>(0)

    private init(_: Void) {
        storage = [capacity of UInt8](repeating: 0)
        count = 0
    }

    /// A place with nothing in it. (A noncopyable type with a `deinit` is opened through a static
    /// function: Embedded Swift refuses a public initialiser.)
    public static func empty() -> FixedBytes<capacity> { FixedBytes<capacity>(()) }

    deinit { wipeInPlace() }

    /// A function of its own, never inlined: in `deinit` itself, reading `self` would make a copy first.
    @inline(never)
    private borrowing func wipeInPlace() {
        unsafe storage.span.withUnsafeBytes {
            unsafe posix_wipe(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
        }
    }

    /// Forgets the bytes and overwrites them all.
    public mutating func clear() {
        var span = storage.mutableSpan
        wipe(&span)
        count = 0
    }

    /// The same for what was put together here and never received: behind the bytes that are there lies nothing of it, and
    /// they alone are overwritten.
    mutating func restart() {
        let used = min(max(count, 0), capacity)
        var span = storage.mutableSpan
        unsafe span.withUnsafeMutableBytes { unsafe posix_wipe($0.baseAddress, used) }
        count = 0
    }

    /// The bytes that are there.
    public borrowing func withBytes<Result, Failure: Error>(
        from start: Int = 0, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let first = min(max(start, 0), count)
        // 0 <= first <= count <= capacity: `count` is changed in this file alone.
        return try storage.span.withPart(from: first, count: count &- first, body)
    }

    /// Adds a byte; returns whether there was room for it.
    @discardableResult
    public mutating func append(_ byte: UInt8) -> Bool {
        guard count >= 0, count < capacity else { return false }
        put(byte, at: count)
        count &+= 1
        return true
    }

    /// Adds all of `bytes`, or none if there is no room for all; returns whether they were added.
    @discardableResult
    public mutating func append(contentsOf bytes: Span<UInt8>) -> Bool {
        guard bytes.count <= capacity &- count else { return false }
        var index = 0
        while index < bytes.count {
            append(unsafe bytes[unchecked: index])
            index &+= 1
        }
        return true
    }

    /// Replaces the byte at `index`; past the end nothing happens.
    public mutating func replace(at index: Int, with byte: UInt8) {
        guard index >= 0, index < count else { return }
        put(byte, at: index)
    }

    /// Lets `read` put up to `limit` bytes behind those that are there; it returns how many it put.
    ///
    /// A limit beyond the room that is left is cut down to it.
    public mutating func receive<Failure: Error>(
        atMost limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let room = min(max(limit, 0), capacity &- count)
        let start = count
        var span = storage.mutableSpan
        let got = try unsafe span.withUnsafeMutableBytes { (all) throws(Failure) -> Int in
            guard let base = all.baseAddress else { return 0 }
            return try unsafe read(UnsafeMutableRawBufferPointer(start: base + start, count: room))
        }
        let accepted = min(max(got, 0), room)
        count &+= accepted
        return accepted
    }

    /// The bytes as a C string, as far as a NUL fits behind them: at most `capacity` - 1 of them.
    public mutating func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe withCString(first: count, body)
    }

    /// The first `length` bytes as a C string; the byte that gives way to the NUL is put back.
    public mutating func withCString<Result>(first length: Int, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let end = min(min(max(length, 0), count), capacity &- 1)
        var span = storage.mutableSpan
        return unsafe span.withUnsafeMutableBytes { (all) -> Result in
            // A buffer of no capacity has no address, and no text: the literal's NUL stands in.
            guard let base = all.baseAddress, end >= 0 else { return unsafe body(emptyCString) }
            let kept = unsafe base.load(fromByteOffset: end, as: UInt8.self)
            unsafe base.storeBytes(of: 0, toByteOffset: end, as: UInt8.self)
            let result = unsafe body(UnsafePointer(base.assumingMemoryBound(to: CChar.self)))
            unsafe base.storeBytes(of: kept, toByteOffset: end, as: UInt8.self)
            return result
        }
    }

    /// Whoever calls has checked that 0 <= index < capacity.
    private mutating func put(_ byte: UInt8, at index: Int) {
        var span = storage.mutableSpan
        unsafe span.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return }
            unsafe base.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
    }
}

private var emptyCString: UnsafePointer<CChar> {
    let text: StaticString = ""
    return unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
