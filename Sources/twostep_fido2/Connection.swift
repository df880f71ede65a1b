import Authentication
import Glibc
import SecurityKeyProtocol

/// The daemon's end: a question, and an answer to it.
struct Connection {
    let descriptor: Int32
    /// How long the daemon may take to say what it wants, and to hear the answer, in milliseconds.
    private static let patience: Int32 = 2000

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// What is asked; nil for what is no question, or does not come.
    func question() -> SecurityKeyQuestion? {
        guard let head = read(SecurityKeyFrame.headerSize) else { return nil }
        let length = head.withBytes { SecurityKeyFrame.length($0) ?? 0 }
        guard length > 0, let body = read(length) else { return nil }
        let frame = head.withBytes { head in
            body.withBytes { body in
                Secret(count: head.count + body.count) { target in
                    for index in head.indices { target[index] = head[index] }
                    for index in body.indices { target[head.count + index] = body[index] }
                }
            }
        }
        return frame.withBytes { SecurityKeyQuestion(frame: $0) }
    }

    /// So many bytes; nil if there are fewer.
    private func read(_ count: Int) -> Secret? {
        var isWhole = true
        let bytes = Secret(count: count) { target in
            var got = 0
            while got < count {
                guard ready(POLLIN) else { break }
                let read = unsafe target.withUnsafeMutableBytes { buffer in
                    unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: got), count - got)
                }
                guard read > 0 else { break }
                got += read
            }
            isWhole = got == count
        }
        guard isWhole else { return nil }
        return bytes
    }

    /// Says what came of it. Whoever is gone hears nothing.
    func answer(_ answer: SecurityKeyAnswer) {
        answer.frame().withBytes { bytes in
            var sent = 0
            while sent < bytes.count, ready(POLLOUT) {
                let rest = bytes.extracting(sent..<bytes.count)
                let written = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
                guard written > 0 else { return }
                sent += written
            }
        }
    }

    private func ready(_ events: Int32) -> Bool {
        var waited = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&waited, 1, Connection.patience) > 0
    }
}
