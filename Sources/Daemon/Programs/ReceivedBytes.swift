import Authentication
import Glibc

/// What comes in piece by piece, in memory that is wiped.
struct ReceivedBytes: ~Copyable {
    private var memory: Secret
    private(set) var count = 0
    let most: Int

    /// Room for at most `most` bytes.
    init(most: Int) {
        self.most = most
        memory = Secret(count: min(most, 4096)) { _ in }
    }

    /// What `receive` came to.
    enum Reception: Equatable {
        case some
        /// Nothing is there yet.
        case nothingYet
        case end
        /// There is more than may be.
        case tooMuch
        case failure
    }

    /// Reads what a descriptor has, once.
    mutating func receive(from descriptor: Int32) -> Reception {
        // One byte more than may be, to know that there is more.
        var buffer = [UInt8](repeating: 0, count: 4096)
        let read = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        defer {
            unsafe buffer.withUnsafeMutableBytes { bytes in
                if let start = bytes.baseAddress { unsafe explicit_bzero(start, bytes.count) }
            }
        }
        guard read > 0 else {
            if read == 0 { return .end }
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? .nothingYet : .failure
        }
        guard count + read <= most else { return .tooMuch }
        if count + read > memory.count {
            let size = min(max(memory.count * 2, count + read), most)
            let larger = memory.withBytes { old in
                Secret(count: size) { target in
                    for index in old.indices { target[index] = old[index] }
                }
            }
            memory = larger
        }
        for index in 0..<read { memory.replace(at: count + index, with: buffer[index]) }
        count += read
        return .some
    }

    /// The bytes from `start` on.
    borrowing func bytes(from start: Int = 0) -> Secret {
        memory.withBytes { Secret(copying: $0.extracting(min(start, count)..<count)) }
    }

    /// The first line without its newline, and where the next begins; nil while there is none.
    borrowing func line() -> (text: String, next: Int)? {
        memory.withBytes { bytes in
            var text = ""
            for index in 0..<count {
                if bytes[index] == UInt8(ascii: "\n") { return (text, index + 1) }
                text.unicodeScalars.append(Unicode.Scalar(bytes[index]))
            }
            return nil
        }
    }
}
