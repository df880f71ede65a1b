import Authentication
import CPOSIX
import NIOCore
import Wire

/// What all logins share: sessions, the way to the store, the directory, the configuration in force.
///
/// It belongs to the event loop. Attempts that one tick brings go to the writer together, and their outcomes come
/// back together.
final class LoginService {
    let loop: any EventLoop
    let clocks: any Clocks
    let journal: any Journal
    let writer: StoreWriter
    let directory: DirectoryDesk
    let slowWork: SlowWork
    /// The pool for what waits for programs of the administrator's.
    let programs: SlowWork
    /// The pool for what waits for sshd.
    let questions: SlowWork
    /// Who says whether security keys of ssh count.
    var sshKeys: any SSHKeyWitness = NoSSHKeyWitness()
    var sessions: SessionTable
    /// The configuration that new logins follow; those under way keep theirs.
    var generation: Generation
    private(set) var tally = LoginTally()
    var metrics = LoginMetrics()
    /// What the journal was told of logins lately.
    private(set) var recent: RecentRecords
    let startedAt: Moment
    private var activities = PendingActivities()
    var diagnoses = DiagnosisBudget()
    var connections = ConnectionTable<LoginHandler>()
    /// The connections of users who see to their own devices: far fewer than logins, which they never crowd out.
    var visits = ConnectionTable<OwnerVisit>(capacity: 1024)
    /// The logins of this machine that go to hubs, where it has any.
    var relays = ConnectionTable<RelayingHandler>()
    /// The hubs that decide in this machine's place.
    lazy var upstream = Upstream(self)
    /// The hosts that this hub decides for.
    lazy var hub = HubDesk(self)
    /// What the fleet's register says of them.
    lazy var register = RegisterDesk(self)
    /// What lets people off modules for a while.
    var grants = GrantTable()
    /// When their sessions were last looked at, on CLOCK_BOOTTIME in milliseconds.
    private var grantsLookedAt: Int64 = 0
    /// How often they are, in milliseconds.
    private static let grantsInterval: Int64 = 60_000
    let processes: any ProcessTable
    private var strangers = StrangerLog<UInt32>(
        of: "callers other than uid 0", linesPerMinute: 30, linesInAll: 300)
    /// By certificate's serial, or by name: a host has many people, and what it was let do is always recorded.
    private var hostLines = StrangerLog<String>(of: "hosts of the fleet", linesPerMinute: 300, linesInAll: 3000)
    var clockWatch: ClockWatch
    /// How many messages the hosts of the fleet have had sent.
    var relayedMessages = RelayedMessages()
    private var waiting: [(attempt: Attempt, deliver: (Outcome) -> Void)] = []
    /// Whose credentials are asked for along with what waits.
    private var unknownUsers: [UserKey] = []
    /// Records of this tick are in the journal's queue, and its thread has not been woken.
    private var hasQuietRecords = false
    /// How many connections there were at most since memory was last given back.
    private var busiest = 0
    /// How often the store was read beside the logins since then, and how often of that when that was last looked at.
    var readings = 0
    private var readingsBefore = 0
    private var knownCredentials = KnownCredentials()
    /// What the next sessions are called.
    var sessionIDs: SessionIDs
    /// Where frames to be sent are built, one after the other. No secret is ever among them.
    var frame = FrameBuffer.empty()
    /// Remote hosts that were refused, and until when (CLOCK_BOOTTIME, milliseconds) that is remembered here.
    private var refusedHosts: [String: Int64] = [:]
    private static let mostRefusedHosts = 4096

    init(
        on loop: any EventLoop, clocks: any Clocks, journal: any Journal, writer: StoreWriter,
        accounts: any AccountDirectory, processes: any ProcessTable, generation: Generation,
        randomBytes: @escaping SessionIDs.Source
    ) {
        self.loop = loop
        self.clocks = clocks
        self.journal = journal
        self.writer = writer
        self.generation = generation
        self.processes = processes
        sessionIDs = SessionIDs(randomBytes)
        startedAt = clocks.now()
        clockWatch = ClockWatch(startedAt)
        // Milliseconds since the boot: no two daemons of a machine begin at the same one.
        recent = RecentRecords(run: startedAt.boottime)
        directory = DirectoryDesk(accounts, on: loop, clocks: clocks)
        slowWork = SlowWork(on: loop)
        programs = SlowWork(on: loop, .programs)
        questions = SlowWork(on: loop, .questions)
        let active = generation.active
        sessions = SessionTable(capacity: active?.sessionCapacity ?? 20_000, reserve: active?.sessionReserve ?? 1_000)
    }

    // MARK: Policy

    /// Adds to a request what the policy in force has to know of the account and the time, and delivers it; nil if
    /// that cannot be told. Not to know is not the same as not to belong: a rule that asks for more may be the
    /// one that is missed. What is returned, if the directory was asked, can be forgotten.
    @discardableResult func complete(
        _ request: LoginRequest, for policy: Policy, payer: LookUpPayer, at now: Moment,
        deliver: @escaping (LoginRequest?) -> Void
    ) -> (any Forgettable)? {
        var request = request
        if policy.looksAtTime {
            request.localTime = clocks.localTime(of: now.wall)
            guard request.localTime != nil else {
                deliver(nil)
                return nil
            }
        }
        let groups = policy.groupsThatMatter(for: request)
        guard !groups.isEmpty else {
            deliver(request)
            return nil
        }
        let asked = request
        return directory.ask(about: asked.account, for: payer) { directory, account in
            directory.groups(among: groups, of: asked.account, being: account)
        } then: { found in
            guard case .some(.some(let own)) = found else { return deliver(nil) }
            var request = asked
            request.groups = own
            deliver(request)
        }
    }

    // MARK: The store

    /// Has an attempt judged; `deliver` is called on the event loop once the outcome is durable.
    func submit(_ attempt: Attempt, deliver: @escaping (Outcome) -> Void) {
        if waiting.isEmpty {
            // What the rest of this tick brings goes along.
            let service = NIOLoopBound(self, eventLoop: loop)
            loop.execute { service.value.flush() }
        }
        waiting.append((attempt, deliver))
        // Whoever is let in will be asked for credentials next: another way to the writer and back, if they do not
        // come along. They do whatever the outcome, so that a wrong answer costs what a right one does.
        if let session = attempt.session {
            let user = UserKey(attempt.account, at: session.provider)
            if knownCredentials[user] == nil { unknownUsers.append(user) }
        }
    }

    private func flush() {
        let group = waiting
        let users = unknownUsers
        waiting.removeAll(keepingCapacity: true)
        unknownUsers.removeAll(keepingCapacity: true)
        let loop = loop
        let deliveries = NIOLoopBound((service: self, outcomes: group.map(\.deliver)), eventLoop: loop)
        writer.submit(group.map(\.attempt), readingCredentialsOf: users) { outcomes, credentials in
            loop.execute {
                for (user, account) in credentials { deliveries.value.service.knownCredentials[user] = account }
                for (deliver, outcome) in zip(deliveries.value.outcomes, outcomes) { deliver(outcome) }
            }
        }
    }

    /// The account's own credentials at a provider that speaks of accounts, created at the first login; what was seen of
    /// them once is not asked for again, since they can open no other.
    func ownCredentials(of user: UserKey, deliver: @escaping (Credentials) -> Void) {
        if let known = knownCredentials[user] { return deliver(.account(known)) }
        credentials(of: user, createdFor: user.username, provedBy: nil) { found in
            if case .account(let account) = found { self.knownCredentials[user] = account }
            deliver(found)
        }
    }

    /// Whether a remote host was refused a moment ago, by the store's word.
    func isRefused(_ host: String) -> Bool { refusedHosts[host].map { $0 > clocks.now().boottime } ?? false }

    /// A remote host was refused: for a minute it is not asked about again before anything is worked out for it.
    func refuse(_ host: String) {
        if refusedHosts.count >= LoginService.mostRefusedHosts { refusedHosts.removeAll() }
        refusedHosts[host] = clocks.now().boottime + 60_000
    }

    /// Forgets what is known of credentials: they were changed by an administrator.
    func forgetCredentials() { knownCredentials = KnownCredentials() }

    // MARK: The end

    /// A login has ended: it is counted and recorded.
    func ended(_ record: LoginRecord) {
        if !record.isChange {
            tally.count(record.verdict)
            metrics.count(record)
        }
        // A decision on the word of somebody who is believed, and whatever was allowed, is always recorded.
        guard [.granted, .proved].contains(record.verdict) || admitsEntry(about: record) else { return }
        journal.record(record)
        recent.append(.login(record), at: clocks.now().wall)
        guard !hasQuietRecords else { return }
        hasQuietRecords = true
        // The journal's thread is woken once for all that this tick ends, and after the verdicts have gone out.
        let service = NIOLoopBound(self, eventLoop: loop)
        loop.execute { service.value.wakeJournal() }
    }

    private func wakeJournal() {
        hasQuietRecords = false
        journal.wake()
    }

    /// Records what else is said of a login, in the journal and in memory.
    func keep(_ entry: JournalEntry) {
        journal.record(entry)
        recent.append(.other(entry), at: clocks.now().wall)
    }

    /// Remembers for reports how the login of an account that exists has ended; written within a minute, together with
    /// what else there is. A name that is no account's is gone through in the same way, so that it takes as long.
    func note(_ record: LoginRecord, isOfAccount: Bool) {
        let now = clocks.now()
        guard let activity = AccountActivity(record, at: now), isOfAccount else { return }
        activities.note(activity)
        if activities.isDue(at: now) { flushActivities() }
    }

    /// Writes what is still to be remembered. What cannot be written now is lost: nothing is decided by it.
    func flushActivities() {
        let waiting = activities.take(at: clocks.now())
        guard !waiting.isEmpty else { return }
        writer.perform { store in
            do throws(StoreFailure) {
                try store.get().note(waiting)
            } catch {
                // The writer finds out by itself what is wrong with the store, and says so.
            }
        }
    }

    /// Writes an entry about a caller; those about callers other than uid 0 are limited.
    func write(_ entry: JournalEntry, about uid: UInt32) {
        if admitsEntry(about: uid) { journal.record(entry) }
    }

    /// Writes an entry about a host of the fleet; they are limited for each.
    func write(_ entry: JournalEntry, aboutHost host: String) {
        if admitsEntry(aboutHost: host) { journal.record(entry) }
    }

    private func admitsEntry(aboutHost host: String) -> Bool {
        hostLines.admits(host, at: clocks.now()) { journal.warning($0) }
    }

    /// A host of the fleet may say whatever it likes of its callers: its lines are counted whoever they are about.
    private func admitsEntry(about record: LoginRecord) -> Bool {
        if let host = record.relay { return admitsEntry(aboutHost: host) }
        return record.request?.origin == .trusted || admitsEntry(about: record.peer)
    }

    private func admitsEntry(about uid: UInt32) -> Bool {
        uid == 0 || strangers.admits(uid, at: clocks.now()) { journal.warning($0) }
    }

    /// What expires while nobody answers; called once a second while anything is open.
    func sweep() {
        let now = clocks.now()
        watchClock(at: now)
        directory.sweep(at: now)
        for handler in connections.handlers { handler.sweep(at: now) }
        for visit in visits.handlers { visit.sweep(at: now) }
        for handler in relays.handlers { handler.sweep(at: now) }
        upstream.sweep(at: now)
        hub.sweep(at: now)
        register.sweep()
        sessions.sweep(at: now)
        grants.sweep(at: now, generation: generation.number)
        dropEndedGrants(at: now)
        if activities.isDue(at: now) { flushActivities() }
        giveMemoryBack()
    }

    /// Once in a while: they are no use, and others need the room.
    private func dropEndedGrants(at now: Moment) {
        guard now.boottime - grantsLookedAt >= LoginService.grantsInterval else { return }
        grantsLookedAt = now.boottime
        dropEndedGrants {}
    }

    /// Drops the grants of sessions that are over, and goes on with `body`.
    func dropEndedGrants(then body: @escaping () -> Void) {
        // Those of the fleet's hosts are not this machine's to look at: they end with their time, or with their sessions' numbers.
        let sessions = Set(grants.all.map(\.key.session).filter { $0.host == nil })
        guard !sessions.isEmpty else { return body() }
        let processes = processes
        directory.ask(for: 0) { _ in
            sessions.filter { !processes.isOpen($0) }
        } then: { ended in
            if let ended { self.grants.drop(ended) }
            body()
        }
    }

    /// Once a crowd has gone, or a long list was read, what was needed for it goes back to the system: by itself malloc(3) would
    /// keep it.
    private func giveMemoryBack() {
        let peak = connections.takePeak()
        busiest = max(busiest, peak)
        let isRead = readings > readingsBefore
        readingsBefore = readings
        // Not while it is still going: what is in use lies between what is not.
        let isCrowdGone = busiest >= LoginService.crowd && peak < busiest / 4
        guard isCrowdGone || (readings >= LoginService.longList && !isRead) else { return }
        if isCrowdGone { busiest = peak }
        (readings, readingsBefore) = (0, 0)
        directory.giveMemoryBack()
        connections.giveMemoryBack()
        visits.giveMemoryBack()
        relays.giveMemoryBack()
        sessions.giveMemoryBack()
        DetachedThread.start(named: "twostep-trim") { posix_return_free_memory() }
    }

    /// How many connections are a crowd: what fewer leave behind is not worth the trouble.
    private static let crowd = 512
    /// How many pages are a long list, for the same reason.
    private static let longList = 16

    /// Ends all logins under way, and the threads that serve them.
    func endLogins() {
        for handler in connections.handlers { handler.shutDown() }
        for visit in visits.handlers { visit.hangUp() }
        for handler in relays.handlers { handler.shutDown() }
        upstream.stop()
        hub.stop()
        directory.gauge.stop()
        flushActivities()
        wakeJournal()
    }
}
