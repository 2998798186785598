package shop;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** Something a user makes. */
@Entity
class Project {
    @Id
    private String name;

    private String owner;

    protected Project() {}

    Project(String name, String owner) {
        this.name = name;
        this.owner = owner;
    }
}
