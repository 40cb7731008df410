mod entries;
mod figures;
mod fuzz;
mod golden;
mod header;
mod hostile;
mod values;
