import Authentication

/// How logins and answers have ended since the start, by labels of which there are never many.
struct LoginMetrics {
    /// How many services are told apart: the first that believed callers name. The rest are `other`, since anybody may
    /// name any.
    static let mostServices = 32
    static let otherService = "other"

    struct Login: Hashable {
        let result: String
        /// Empty where there is nothing to be said.
        let reason: String
        let service: String
    }

    struct Answer: Hashable {
        let module: String
        let outcome: String
    }

    private(set) var logins: [Login: Int] = [:]
    private(set) var answers: [Answer: Int] = [:]
    /// How many logins were granted by a local copy, while the database was away.
    private(set) var offlineGrants = 0
    private var services: Set<String> = []

    mutating func count(_ record: LoginRecord) {
        let login = Login(result: record.result, reason: record.reason ?? "", service: service(of: record))
        logins[login, default: 0] += 1
        if record.isOffline, record.verdict == .granted { offlineGrants += 1 }
    }

    mutating func count(_ outcome: Outcome, by module: ModuleID) {
        answers[Answer(module: module.description, outcome: LoginMetrics.word(for: outcome)), default: 0] += 1
    }

    private mutating func service(of record: LoginRecord) -> String {
        guard let service = record.request?.service else { return LoginMetrics.otherService }
        if services.contains(service) { return service }
        guard !record.isClaimed, services.count < LoginMetrics.mostServices else { return LoginMetrics.otherService }
        services.insert(service)
        return service
    }

    /// One stable word: what came of the answer, or why it was refused.
    private static func word(for outcome: Outcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .rejected(let reason), .unavailable(let reason): reason.description
        // Counted with what is said of it.
        case .charged: "charged"
        case .delayed: "delayed"
        case .locked: "locked"
        }
    }
}
