package import Authentication
internal import CPOSIX
internal import Cryptography

/// The key under which the store's secrets are sealed: 256 random bits from a file that only root, or the
/// daemon's own user, can have written.
///
/// The file holds 64 hexadecimal digits and a newline, and nothing else: text passes unharmed through
/// editors, `systemd-creds encrypt` and LoadCredential. In memory the key has pages of its own, without
/// swap (where RLIMIT_MEMLOCK allows) and without core dumps.
@safe
package final class SealingKey: @unchecked Sendable {
    // Sendable although it holds a pointer: nothing writes there after `init`.
    private let memory: UnsafeMutableRawPointer
    /// Whether the kernel keeps the key out of swap.
    package let isLocked: Bool

    /// The size of a key in bytes.
    package static let size = 32
    /// The size of a key file: two digits a byte, and a newline.
    static let fileSize = 2 * size + 1

    private init(_ memory: UnsafeMutableRawPointer, isLocked: Bool) {
        unsafe self.memory = unsafe memory
        self.isLocked = isLocked
    }

    deinit { unsafe posix_unmap_secret(memory, SealingKey.size) }

    /// Reads the key file at `path` (`$CREDENTIALS_DIRECTORY/twostep.key`, or one that the configuration names).
    ///
    /// It must be a regular file and no link, owned by root or by the effective uid, not writable by its group
    /// and closed to all others. Throws `unreachable` with what was found and what was expected.
    package static func read(_ path: String) throws(StoreFailure) -> SealingKey {
        guard let file = unsafe OpenFile.adopt(posix_open_for_reading(path)) else {
            let code = posix_errno()
            let reason = code == ELOOP ? "it is a symbolic link, which is never followed" : words(for: code)
            throw .unreachable("the key file \(path) cannot be opened: \(reason)")
        }
        guard let (facts, size) = file.facts() else {
            throw .unreachable("the key file \(path) cannot be looked at: \(words(for: posix_errno()))")
        }
        guard facts.type == S_IFREG else {
            throw .unreachable("the key file \(path) is not a regular file")
        }
        guard facts.owner == 0 || facts.owner == geteuid() else {
            throw .unreachable("the key file \(path) belongs to uid \(facts.owner), expected root or uid \(geteuid())")
        }
        guard facts.permissions & 0o7137 == 0 else {
            throw .unreachable(
                "the key file \(path) has mode \(octal(facts.permissions)), expected 0600, or 0640 for a group of its own"
            )
        }
        guard size == Int64(fileSize) else {
            throw .unreachable("the key file \(path) has \(size) bytes, expected \(expectation)")
        }
        return try make { (key) throws(StoreFailure) in
            let text = try Secret(count: fileSize) { (target) throws(StoreFailure) in
                guard file.read(into: &target) == fileSize else {
                    throw .unreachable("the key file \(path) cannot be read")
                }
            }
            let isKey = text.withBytes { decode($0, into: &key) }
            guard isKey else {
                throw .unreachable("the key file \(path) holds something else, expected \(expectation)")
            }
        }
    }

    /// Makes a new key and writes it to `path`, which must not exist, readable by its owner alone.
    package static func generate(_ path: String) throws(StoreFailure) -> SealingKey {
        let key = try make { (key) throws(StoreFailure) in
            do throws(CryptographyFailure) {
                try fillRandom(&key)
            } catch {
                throw .unreachable("no random bytes for a key")
            }
        }
        let text = key.text
        guard let file = unsafe OpenFile.adopt(posix_create_private(path)) else {
            throw .unreachable("the key file \(path) cannot be made: \(words(for: posix_errno()))")
        }
        guard text.withBytes({ file.replace(with: $0) }), file.flush() else {
            let code = posix_errno()
            unsafe unlink(path)
            throw .notDurable("the key file \(path) cannot be written: \(words(for: code))")
        }
        return key
    }

    /// Lends the key for the time of a call.
    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = unsafe UnsafeRawBufferPointer(start: memory, count: SealingKey.size)
        return try body(unsafe Span(_unsafeElements: buffer.assumingMemoryBound(to: UInt8.self)))
    }

    /// What a key file with it holds.
    package var text: Secret {
        withBytes { bytes in
            Secret(count: SealingKey.fileSize) { target in
                for index in bytes.indices {
                    target[2 * index] = SealingKey.digit(bytes[index] >> 4)
                    target[2 * index + 1] = SealingKey.digit(bytes[index] & 15)
                }
                target[2 * SealingKey.size] = UInt8(ascii: "\n")
            }
        }
    }

    private static let expectation = "64 hexadecimal digits and a newline (65 bytes)"

    private static func make(
        _ fill: (inout MutableSpan<UInt8>) throws(StoreFailure) -> Void
    ) throws(StoreFailure) -> SealingKey {
        var locked: Int32 = 0
        guard let memory = unsafe posix_map_secret(size, &locked) else {
            throw .unreachable("no memory for the key: \(words(for: posix_errno()))")
        }
        // From here on `deinit` wipes it, whatever `fill` does.
        let key = unsafe SealingKey(memory, isLocked: locked != 0)
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: memory, count: size)
        var target = unsafe MutableSpan(_unsafeElements: buffer.assumingMemoryBound(to: UInt8.self))
        try fill(&target)
        return key
    }

    private static func decode(_ text: Span<UInt8>, into key: inout MutableSpan<UInt8>) -> Bool {
        guard text.count == fileSize, text[2 * size] == UInt8(ascii: "\n") else { return false }
        for index in 0..<size {
            guard let high = value(text[2 * index]), let low = value(text[2 * index + 1]) else { return false }
            key[index] = high << 4 | low
        }
        return true
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        case _: nil
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }
}
