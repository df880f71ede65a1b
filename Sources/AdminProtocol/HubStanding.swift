/// How a hub is, as a host knows it.
package struct HubStanding: Codable, Equatable, Sendable {
    /// `hub1.example.org:7443`.
    package let place: String
    /// Whether it answers.
    package let isWell: Bool
    /// Why not, in words; nil where it does.
    package let problem: String?
    /// Logins under way there.
    package let logins: Int

    package init(place: String, isWell: Bool, problem: String?, logins: Int) {
        self.place = place
        self.isWell = isWell
        self.problem = problem
        self.logins = logins
    }
}
