CREATE TABLE "{{ not_a_variable }}" (id INT);
