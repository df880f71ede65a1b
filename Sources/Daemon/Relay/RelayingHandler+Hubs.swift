import Authentication
import NIOCore
import RelayProtocol
import Wire

/// What hubs say of a login, and where it goes when they say nothing.
extension RelayingHandler {
    func perform(_ action: UpstreamLogin.Action) {
        switch action {
        case .nothing: return
        case .refuse: refuseUnreachable()
        case .begin(let hub):
            watch(hub)
            service.upstream.begin(self, at: hub)
        }
    }

    /// Looks after its time whether a hub that was asked has said that it has the login.
    private func watch(_ hub: Int) {
        let bound = NIOLoopBound(self, eventLoop: service.loop)
        service.loop.scheduleTask(in: .milliseconds(UpstreamLogin.patience + RelayTime.slack)) {
            let login = bound.value
            guard !login.isClosing, login.login.silentHub(at: login.service.clocks.now().boottime) == hub else {
                return
            }
            login.service.upstream.isSilent(hub)
            login.lost(hub)
        }
    }

    /// A connection carries the login now, as this stream.
    func carried(by link: HubLink, as stream: UInt32) {
        self.link = link
        self.stream = stream
    }

    func wasTaken(by hub: Int) { login.wasTaken(by: hub) }

    /// A hub says something to the module.
    func received(_ bytes: Span<UInt8>, from hub: Int) {
        guard let line, !isClosing, login.heard(from: hub) else { return }
        do throws(WireError) {
            try replies.feed(bytes) { header, payload in
                if header.kind == .verdict { self.decided(RelayingHandler.code(payload), by: hub) }
                return true
            }
        } catch {
            return malformed()
        }
        var buffer = line.allocator.buffer(capacity: bytes.count)
        unsafe bytes.withUnsafeBytes { _ = unsafe buffer.writeBytes($0) }
        // It may show a secret: nothing here knows.
        line.send(buffer, wiping: true)
    }

    /// A hub was lost, or has no room.
    func lost(_ hub: Int) {
        guard !isClosing else { return }
        // It has decided: nothing more comes, and nothing more is to be said.
        if hasVerdict, login.hub == hub { return close() }
        let wasAsked = if case .shown = login.state { true } else { false }
        let action = login.lost(hub, service.upstream.choice, at: service.clocks.now().boottime)
        guard action != .nothing else { return }
        leave()
        guard action == .refuse, wasAsked else { return perform(action) }
        // The person is being asked: whoever answers is told.
        mustRefuse = true
    }

    /// A hub has ended the login.
    func ended(by hub: Int) {
        guard !isClosing, login.hub == hub else { return }
        link = nil
        if hasVerdict { return close() }
        // It has no room, or goes away: another may take what was not shown yet.
        lost(hub)
    }

    private func decided(_ code: VerdictCode?, by hub: Int) {
        guard !hasVerdict else { return }
        hasVerdict = true
        // Of an account that is not blocked there is nothing to say, at a hub or here.
        guard code != .noOpinion else { return }
        record(Verdict(relayed: code), by: service.upstream.name(of: hub))
    }

    /// The code that a payload of the kind `verdict` begins with.
    private static func code(_ payload: Span<UInt8>) -> VerdictCode? {
        guard payload.count >= 4 else { return nil }
        return VerdictCode(rawValue: (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(payload[$1]) })
    }

    func leave() {
        link?.leave(stream)
        link = nil
    }
}

extension Verdict {
    /// What a host's journal says of a hub's verdict: what the code tells, and no reason.
    fileprivate init(relayed code: VerdictCode?) {
        self =
            switch code {
            case .granted: .granted
            case .exempt: .exempt
            case .denied, .blocked: .denied(.decidedByHub)
            case .triesUsedUp: .triesUsedUp(.decidedByHub)
            case .conversationFailed: .conversationFailed
            case .unavailable, .badArgument, .noOpinion, nil: .unavailable(.decidedByHub)
            }
    }
}
