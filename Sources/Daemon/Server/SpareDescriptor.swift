import Authentication
import CPOSIX
import Glibc
import NIOCore
import Wire

/// Turns away whoever comes while no file descriptor is left, with one that is kept for that: in the queue they would wait
/// for as long as the module waits for a reply.
///
/// Whoever cannot be turned away waits a moment (`pause`), and so does the event loop, which would go round in vain.
final class SpareDescriptor: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// How many are turned away before others have their turn on the event loop.
    private static let most = 256
    /// How often the journal is told, in milliseconds.
    private static let interval: Int64 = 60_000

    private let listener: Int32
    private let service: LoginService
    private let words: [UInt8]
    private var spare: Int32
    private var saidAt: Int64?

    /// What comes behind it.
    static var pause: AcceptBackoffHandler {
        AcceptBackoffHandler { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains($0.errnoCode) ? .milliseconds(100) : nil }
    }

    /// Keeps one for a listening socket; whoever is turned away is told `words`, a frame or nothing.
    init(_ listener: Int32, saying words: [UInt8], _ service: LoginService) {
        self.listener = listener
        self.words = words
        self.service = service
        spare = SpareDescriptor.keep()
    }

    /// What a module is told: that it is unavailable, and not for long.
    static var verdict: [UInt8] {
        var frame = FrameBuffer.empty()
        frame.setVerdict(.unavailable, text: Texts.tooBusy.utf8.span, version: Wire.versions.upperBound)
        return frame.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    deinit { if spare >= 0 { close(spare) } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let failure = error as? IOError, [EMFILE, ENFILE].contains(failure.errnoCode), turnAwayAll() else {
            return context.fireErrorCaught(error)
        }
    }

    /// Turns away all who wait; false if it cannot be done.
    private func turnAwayAll() -> Bool {
        say()
        for _ in 0..<SpareDescriptor.most {
            if spare < 0 { spare = SpareDescriptor.keep() }
            guard spare >= 0 else { return false }
            close(spare)
            let outcome = unsafe posix_turn_away(listener, words, words.count)
            // Should another thread have been quicker, there is none until one is free again.
            spare = SpareDescriptor.keep()
            if outcome <= 0 { return outcome == 0 }
        }
        return true
    }

    private func say() {
        let now = service.clocks.now().boottime
        if let saidAt, now - saidAt < SpareDescriptor.interval { return }
        saidAt = now
        service.journal.error("no file descriptor is left: whoever comes is refused until one is free")
    }

    private static func keep() -> Int32 { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
